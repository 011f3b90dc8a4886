/** Bundles functions as `bundler.js` does, and runs them in real workers. */

import assert from "node:assert/strict";
import { withPackages } from "../../build_packages.ts";
import { buildStandIns } from "../../build_stand_ins.ts";
import { bundleAndCheck, bundleText } from "../../src/bundler/main.ts";
import type { BundleError, BundleOutcome } from "../../src/bundler/outcome.ts";
import { useWorkerSource, withWorker } from "./workers.ts";

export const GOOD = "module.exports['/pando/1.0.0'] = function (x, cb) { cb(null, x * x) }\n";

/** For tests that bundle: esbuild's program runs on between bundlings. */
export const bundling = { sanitizeResources: false, sanitizeOps: false };

let assets: Promise<string> | undefined;

/** Returns a folder with what `build.ts` makes for the bundler; it is gone when the tests end. */
function assetsFolder(): Promise<string> {
  return assets ??= (async () => {
    const folder = await Deno.makeTempDir();
    addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    const made = await withPackages(buildStandIns);
    for (const [name, text] of made) await Deno.writeTextFile(`${folder}/${name}`, text);
    return folder;
  })();
}

/** Runs `body` in a new folder with these files. */
export async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/${name}`, bytes);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles a file. Packages that it names are installed into a folder beside the stand-ins. */
export async function bundled(path: string): Promise<BundleOutcome> {
  await useWorkerSource();
  const standIns = await assetsFolder();
  return await bundleAndCheck(path, { standIns, npm: `${standIns}/npm` });
}

/** Bundles a text, as `-e` and standard input give it. */
export async function bundledText(
  text: string,
  folder: string,
  name: string,
  isExpression: boolean,
): Promise<BundleOutcome> {
  await useWorkerSource();
  const standIns = await assetsFolder();
  return await bundleText({ text, folder, name, isExpression }, { standIns, npm: `${standIns}/npm` });
}

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Bundles the module of these files. */
export async function outcomeOf(
  files: Files,
  name: string,
): Promise<Extract<BundleOutcome, { ok: true }>> {
  let found: BundleOutcome | undefined;
  await withFiles(files, async (folder) => {
    found = await bundled(`${folder}/${name}`);
    assert.ok(found.ok, JSON.stringify(found));
    for (const secret of [folder, folder.replace(/.*\//, ""), await assetsFolder()]) {
      assert.ok(!(found.code + found.map).includes(secret), `a path of this machine is in it: ${secret}`);
    }
  });
  return found as Extract<BundleOutcome, { ok: true }>;
}

/** Bundles the module of these files and returns the answers to `items`, with their kinds. */
export async function results(
  files: Files,
  items: readonly string[],
  name = "fn.js",
): Promise<[kind: number, value: string][]> {
  const { code } = await outcomeOf(files, name);
  let answers: [number, string][] = [];
  await withWorker(code, async (worker) => {
    answers = await worker.run(items);
  });
  return answers;
}

/** Bundles the module of these files and returns what the function makes of `item`. */
export async function result(files: Files, item: string, name = "fn.js"): Promise<string> {
  const [[kind, value]] = await results(files, [item], name);
  assert.ok(kind === 0, value);
  return value;
}

/** Bundles the module of these files and returns what is said of it. */
export async function warnings(files: Files): Promise<readonly BundleError[]> {
  return (await outcomeOf(files, "fn.js")).warnings;
}

/** Bundles the first of these files and returns why that fails. */
export async function failure(files: Files): Promise<BundleError & { folder: string }> {
  let error: BundleError & { folder: string } | undefined;
  await withFiles(files, async (folder) => {
    const outcome = await bundled(`${folder}/${Object.keys(files)[0]}`);
    assert.ok(!outcome.ok, "it was bundled");
    error = { ...outcome.error, folder };
  });
  return error!;
}
