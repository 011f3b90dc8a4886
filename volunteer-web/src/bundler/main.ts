/**
 * Bundles the user's module to the one script that volunteers run: `bundler.js MODULE`, or, with its text on standard
 * input, `bundler.js FOLDER module|expression NAME`.
 *
 * Prints one JSON object on stdout: `{"ok": true, "code": …, "map": …, "files": […], "warnings": […]}` or
 * `{"ok": false, "error": …, "files": […]}`. The exit status is 0 in both cases, because the client reads the object.
 */

import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkExport } from "./export_check.ts";
import { bundleModule, type BundlerFolders } from "./esbuild.ts";
import { asGiven, clearest, type Given, isMisread, type Reading, readings } from "./given_text.ts";
import { toJson } from "../wire/json.ts";
import { npmCache } from "./npm_packages.ts";
import type { BundleError, BundleOutcome } from "./outcome.ts";
import { Tracer } from "./source_map.ts";

/** Returns the bundle of the module at `path`, checked, or why there is none. */
export async function bundleAndCheck(
  path: string,
  folders: BundlerFolders,
  reading?: Reading,
): Promise<BundleOutcome> {
  let files: readonly string[] = [basename(path)];
  try {
    const bundled = await bundleModule(path, folders, reading);
    const outcome = reading === undefined ? bundled : asGiven(bundled, reading);
    if (!outcome.ok) return outcome;
    files = outcome.files;
    const { fault, context, wantsPage } = await checkExport(outcome.code);
    const asked = { ...outcome, ...(context === null ? {} : { context }) };
    if (fault === null) return asked;
    const error = { ...fault.error, ...await placeOf(fault.stack, outcome.map, path, reading?.given) };
    return wantsPage ? { ...asked, not_in_worker: error } : { ok: false, error, files };
  } catch (error) {
    return {
      ok: false,
      error: { kind: "internal", text: "The bundler failed.", original: String((error as Error).message) },
      files,
    };
  }
}

/** Returns the bundle of a text, read in the way in which it is a function, or why it is none. */
export async function bundleText(given: Given, folders: BundlerFolders): Promise<BundleOutcome> {
  const outcomes: BundleOutcome[] = [];
  for (const reading of readings(given)) {
    const outcome = await bundleAndCheck(reading.path, folders, reading);
    if (!isMisread(outcome, reading)) return outcome;
    outcomes.push(outcome);
  }
  return clearest(outcomes, given);
}

/**
 * Returns the place in the user's files at which an exception was thrown while loading, as far as it is known.
 *
 * @param given the module itself, if it is in no file
 */
async function placeOf(
  stack: string,
  map: string,
  module: string,
  given?: Given,
): Promise<Partial<BundleError>> {
  const place = new Tracer(map).first(stack);
  if (place === null) return {};
  const isGiven = place.file === given?.name;
  const file = isGiven ? place.file : join(dirname(module), place.file);
  const text = isGiven ? given!.text : await Deno.readTextFile(file).catch(() => "");
  const lines = text.split("\n");
  const source = lines[place.line - 1];
  return { ...place, file, ...(source === undefined ? {} : { source: source.replace(/\r$/, "") }) };
}

if (import.meta.main) {
  const folders = { standIns: fileURLToPath(new URL("stand_ins", import.meta.url)), npm: npmCache() };
  const [place, form, name] = Deno.args;
  const outcome: BundleOutcome = form === undefined ? await bundleAndCheck(place, folders) : await bundleText(
    {
      text: await new Response(Deno.stdin.readable).text(),
      folder: place,
      name,
      isExpression: form === "expression",
    },
    folders,
  );
  await new Blob([toJson(outcome) + "\n"]).stream().pipeTo(Deno.stdout.writable);
  // esbuild's service may still be there; it ends with its parent.
  Deno.exit(0);
}
