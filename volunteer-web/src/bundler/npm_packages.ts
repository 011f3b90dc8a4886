/**
 * An esbuild plugin for `npm:` specifiers.
 *
 * A package that is installed beside the module is taken from there, in the version that is installed. Any other package
 * is installed by Deno into the user's cache, once for each specifier, and so are its dependencies; no script of a
 * package is run.
 */

import { join } from "node:path";
import { homedir } from "node:os";
import type * as esbuild from "esbuild";

const SPECIFIER = /^npm:\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^/]+))?(\/.*)?$/;
/** Marks what this plugin asks other plugins to resolve. */
const OURS = Symbol("npm");

/** Where packages are installed, one folder for each specifier. */
export function npmCache(): string {
  const local = Deno.build.os === "windows" ? Deno.env.get("LOCALAPPDATA") : Deno.env.get("XDG_CACHE_HOME");
  return join(local || join(homedir(), ".cache"), "pando", "npm");
}

/** Returns the plugin. */
export function npmPackages(cache: string): esbuild.Plugin {
  const installed = new Map<string, Promise<string>>();
  return {
    name: "npm-packages",
    setup(build) {
      build.onResolve({ filter: /^npm:/ }, async ({ path, pluginData: _, ...args }) => {
        const [, name, range = "latest", part = ""] = path.match(SPECIFIER) ?? [];
        if (name === undefined) return { errors: [{ text: `"${path}" does not name a package.` }] };
        const { importer, resolveDir, kind, with: attributes } = args;
        const options = { importer, kind, with: attributes, pluginData: OURS };
        const beside = await build.resolve(name + part, { ...options, resolveDir });
        if (beside.errors.length === 0) return beside;
        const key = `${name}@${range}`;
        if (!installed.has(key)) installed.set(key, install(cache, name, range));
        try {
          return await build.resolve(name + part, { ...options, resolveDir: await installed.get(key)! });
        } catch (error) {
          const said = (error as Error).message;
          return {
            errors: [{ text: `The package "${key}" cannot be installed: ${whyNot(said)}.`, detail: said }],
          };
        }
      });
    },
  };
}

/**
 * Installs a package, unless it is installed.
 *
 * @returns the folder that has it in its `node_modules`
 * @throws {Error} with all that Deno says
 */
async function install(cache: string, name: string, range: string): Promise<string> {
  const folder = join(
    cache,
    `${name}@${range}`.replace(/[^\w.@-]/g, (character) => `=${character.codePointAt(0)}`),
  );
  if (await exists(folder)) return folder;
  await Deno.mkdir(cache, { recursive: true });
  // Elsewhere first: another bundler may be doing the same, and this one may be interrupted.
  const fresh = await Deno.makeTempDir({ dir: cache, prefix: "installing-" });
  try {
    const config = { imports: { [name]: `npm:${name}@${range}` } };
    await Deno.writeTextFile(join(fresh, "deno.json"), JSON.stringify(config));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet", "--node-modules-dir=auto"],
      cwd: fresh,
      env: { NO_COLOR: "1" },
      stdin: "null",
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    await Deno.rename(fresh, folder).catch((error) =>
      exists(folder).then((there) => {
        if (!there) throw error;
      })
    );
  } finally {
    await Deno.remove(fresh, { recursive: true }).catch(() => undefined);
  }
  return folder;
}

function exists(folder: string): Promise<boolean> {
  return Deno.stat(folder).then(() => true, () => false);
}

/** What Deno and the system say of a folder; of `/dev/null/pando` Deno says that it requires all access. */
const NOT_WRITABLE =
  /ENOSPC|No space left|Read-only|EACCES|EROFS|PermissionDenied|Permission denied|Not a directory|Requires all access/;

/** Returns in our words why Deno could not install a package. */
function whyNot(said: string): string {
  if (/^error: npm package '.*' does not exist/m.test(said)) return "there is no package of that name";
  if (/^error: Could not find npm package '.*' matching/m.test(said)) return "it has no such version";
  if (/client error \(Connect\)|error sending request|dns error|timed out/.test(said)) {
    return "the npm registry cannot be reached; without a network, install it beside the module beforehand";
  }
  if (NOT_WRITABLE.test(said)) {
    return `nothing can be written to ${npmCache()}; XDG_CACHE_HOME names another folder`;
  }
  return "the npm registry does not give it";
}
