/** An esbuild plugin that puts stand-ins in the place of Node.js's built-in modules. */

import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import type * as esbuild from "esbuild";
import { replaces } from "./browser_field.ts";
import { GLOBALS, STAND_INS, standInFile } from "./stand_in_names.ts";

const NODE = "node";
const GLOBALS_MODULE = "pando:globals";
const BUILT_IN = new Set([...builtinModules, ...Object.keys(STAND_INS)]);
const ASKED_FOR = new RegExp(`^(node:.*|(${[...BUILT_IN].map((name) => RegExp.escape(name)).join("|")})/?)$`);

/** Returns what to inject so that free names of these globals mean the stand-ins. */
export function injected(globals: readonly string[]): string[] {
  return globals.length === 0 ? [] : [`${GLOBALS_MODULE}/${globals.join()}`];
}

/** Returns the globals of Node.js whose names occur in `code`, but for those in `except`. */
export function globalsIn(code: string, except: ReadonlySet<string>): string[] {
  return Object.keys(GLOBALS).filter((name) => !except.has(name) && new RegExp(`\\b${name}\\b`).test(code));
}

/**
 * Returns the plugin.
 *
 * A module without a stand-in, such as `fs`, is an empty object, as browserify made it: many packages require such a
 * module and do without. If it is the user's own file that requires it, there is a warning. An `import` of it in such a
 * file is an error: browserify had no imports, so no function of its time relies on this.
 *
 * @param folder where `build.ts` put the stand-ins
 */
export function standIns(folder: string): esbuild.Plugin {
  return {
    name: "stand-ins",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${GLOBALS_MODULE}/`) }, ({ path }) => {
        return { path, namespace: NODE, sideEffects: false };
      });
      build.onResolve({ filter: ASKED_FOR }, (args) => {
        const inside = args.namespace === NODE;
        // `buffer/` is a package of that name, and means the built-in only between stand-ins.
        const name = args.path.replace(/^node:/, "").replace(/\/$/, inside ? "" : "/");
        if (!BUILT_IN.has(name) && !args.path.startsWith("node:")) return null;
        if (!inside && replaces(args.resolveDir, args.path)) return null;
        if (Object.hasOwn(STAND_INS, name)) return { path: name, namespace: NODE, sideEffects: false };
        const own = !inside && !/[\\/]node_modules[\\/]/.test(args.resolveDir + "/");
        const text = `Volunteers have no module "${args.path}": it is part of Node.js`;
        if (own && args.kind === "import-statement") return { errors: [{ text: `${text}.` }] };
        const warnings = own && args.kind === "require-call"
          ? [{ text: `${text}, and an empty object there.` }]
          : [];
        return { path: `${name} is not there`, namespace: NODE, sideEffects: false, warnings };
      });
      build.onLoad({ filter: /^/, namespace: NODE }, async ({ path }) => {
        if (path.endsWith(" is not there")) return { contents: "module.exports = {}" };
        const contents = path.startsWith(GLOBALS_MODULE)
          ? path.slice(GLOBALS_MODULE.length + 1).split(",").map(reexport).join("")
          : await readFile(join(folder, standInFile(path)), "utf8");
        return { contents };
      });
    },
  };
}

function reexport(global: string): string {
  const [module, name] = GLOBALS[global];
  return `export { ${name} as ${global} } from "${module}";\n`;
}
