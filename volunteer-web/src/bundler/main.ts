/**
 * Bundles the user's module to the one script that volunteers run: `bundler.js MODULE`.
 *
 * Prints one JSON object on stdout: `{"ok": true, "code": …, "map": …, "files": […], "warnings": […]}` or
 * `{"ok": false, "error": …, "files": […]}`. The exit status is 0 in both cases, because the client reads the object.
 */

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkExport } from "./export_check.ts";
import { bundleModule, type BundlerFolders } from "./esbuild.ts";
import { toJson } from "../wire/json.ts";
import { npmCache } from "./npm_packages.ts";
import type { BundleError, BundleOutcome } from "./outcome.ts";
import { Tracer } from "./source_map.ts";

/** Returns the bundle of the module at `path`, checked, or why there is none. */
export async function bundleAndCheck(path: string, folders: BundlerFolders): Promise<BundleOutcome> {
  let files: readonly string[] = [basename(path)];
  try {
    const outcome = await bundleModule(path, folders);
    if (!outcome.ok) return outcome;
    files = outcome.files;
    const { fault, context, wantsPage } = await checkExport(outcome.code);
    const asked = { ...outcome, ...(context === null ? {} : { context }) };
    if (fault === null) return asked;
    const error = { ...fault.error, ...await placeOf(fault.stack, outcome.map, path) };
    return wantsPage ? { ...asked, not_in_worker: error } : { ok: false, error, files };
  } catch (error) {
    return {
      ok: false,
      error: { kind: "internal", text: "The bundler failed.", original: String((error as Error).message) },
      files,
    };
  }
}

/** Returns the place in the user's files at which an exception was thrown while loading, as far as it is known. */
async function placeOf(stack: string, map: string, module: string): Promise<Partial<BundleError>> {
  const place = new Tracer(map).first(stack);
  if (place === null) return {};
  const file = join(dirname(module), place.file);
  const lines = await Deno.readTextFile(file).then((text) => text.split("\n"), () => []);
  const source = lines[place.line - 1];
  return { ...place, file, ...(source === undefined ? {} : { source: source.replace(/\r$/, "") }) };
}

if (import.meta.main) {
  const folders = { standIns: fileURLToPath(new URL("stand_ins", import.meta.url)), npm: npmCache() };
  const outcome: BundleOutcome = Deno.args.length === 1
    ? await bundleAndCheck(Deno.args[0], folders)
    : { ok: false, error: { kind: "internal", text: "The bundler takes one module." }, files: [] };
  await new Blob([toJson(outcome) + "\n"]).stream().pipeTo(Deno.stdout.writable);
  // esbuild's service may still be there; it ends with its parent.
  Deno.exit(0);
}
