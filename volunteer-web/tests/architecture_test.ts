/** The layout of `src/`: who may import whom, and what the cores may know. */

import assert from "node:assert/strict";
import { programs } from "../build.ts";
import {
  circles,
  coreBreaches,
  CORES,
  importsOf,
  impureNames,
  layerBreaches,
  LAYERS,
  readSources,
  withAddition,
} from "./support/sources.ts";

Deno.test("modules import from their own folder and from lower layers only", async () => {
  const sources = await readSources();
  assert.deepEqual(layerBreaches(sources), []);
  const folders = new Set([...sources.keys()].map((path) => path.split("/")[0]));
  assert.deepEqual([...folders].sort(), LAYERS.flat().sort());
  assert.deepEqual(importsOf(sources).filter(({ to }) => to.endsWith(".ts") && !sources.has(to)), []);
});

Deno.test("an import that points upwards or to the side is found", async () => {
  const sources = await readSources();
  const added = (path: string, text: string) => layerBreaches(withAddition(sources, path, text));
  assert.deepEqual(added("wire/json.ts", 'import "../connect/channel.ts";'), [
    "wire/json.ts imports connect/channel.ts",
  ]);
  assert.deepEqual(added("worker/batch.ts", 'import type { Channel } from "../connect/channel.ts";'), [
    "worker/batch.ts imports connect/channel.ts",
  ]);
  assert.deepEqual(added("pool/slot.ts", 'export {\n  Volunteer,\n} from "../volunteer/volunteer.ts";'), [
    "pool/slot.ts imports volunteer/volunteer.ts",
  ]);
  assert.deepEqual(added("wire/json.ts", 'const pool = await import("../pool/pool.ts");'), [
    "wire/json.ts imports pool/pool.ts",
  ]);
});

Deno.test("no modules import each other in a circle", async () => {
  const sources = await readSources();
  assert.deepEqual(circles(sources), []);
  const found = circles(
    withAddition(sources, "wire/json.ts", 'import type { decodeMessage } from "./codec.ts";'),
  );
  assert.ok(found.includes("wire/json.ts") && found.includes("wire/codec.ts"), found.join());
});

Deno.test("cores import cores only, and know no date and no random number", async () => {
  const sources = await readSources();
  assert.deepEqual(coreBreaches(sources), []);
  for (const core of CORES) {
    assert.ok([...sources.keys()].some((path) => path === core || path.startsWith(core)), core);
  }
  const added = (path: string, text: string) => coreBreaches(withAddition(sources, path, text));
  assert.deepEqual(added("wire/json.ts", 'import { io } from "socket.io-client";'), [
    "wire/json.ts imports socket.io-client",
  ]);
  assert.deepEqual(added("volunteer/session.ts", 'import { gunzip } from "./gunzip.ts";'), [
    "volunteer/session.ts imports volunteer/gunzip.ts",
  ]);
  assert.deepEqual(added("worker/runner.ts", "const at = Date.now() + Math.random();"), [
    "worker/runner.ts uses Date",
    "worker/runner.ts uses Math.random",
  ]);
});

Deno.test("cores compile where nothing is known but the language", async () => {
  const sources = await readSources();
  assert.deepEqual(await impureNames(sources), []);
  const uses: [path: string, text: string, name: string][] = [
    ["volunteer/session.ts", "setTimeout(() => undefined, 1);", "setTimeout"],
    ["worker/runner.ts", "export const startedAt = performance.now();", "performance"],
    ["wire/framing.ts", "console.log(1);", "console"],
    ["wire/hello.ts", "document.title = '';", "document"],
    ["wire/messages.ts", "export const pid = Deno.pid;", "Deno"],
    ["wire/report.ts", "export let peer: RTCPeerConnection;", "RTCPeerConnection"],
    ["wire/json.ts", "export const answer = fetch('/');", "fetch"],
  ];
  const impure = uses.reduce((all, [path, text]) => withAddition(all, path, text), sources);
  assert.deepEqual((await impureNames(impure)).sort(), uses.map(([, , name]) => name).sort());
});

Deno.test("every program has its entry where the build looks for it", async () => {
  const sources = await readSources();
  const entries = [...(await programs()).values()].map((path) => path.replace("src/", ""));
  assert.deepEqual(
    entries.sort(),
    [...sources.keys()].filter((path) => /(^|[/_])main\.ts$/.test(path)).sort(),
  );
});

/** Modules without a test of their name, each with the reason. */
const UNTESTED: Readonly<Record<string, string>> = {
  "bundler/outcome.ts": "types only",
  "connect/channel.ts": "types, and one constant that websocket_test.ts and webrtc_test.ts use",
  "connect/meeting.ts": "types only",
  "pool/worker_host.ts": "types only",
  "sandbox/messages.ts": "types only",
  "wire/messages.ts": "types only; their bytes are tested in codec_test.ts",
  "worker/messages.ts": "types only",
  "worker/main.ts": "the entry of the bundle that runtime_test.ts runs",
  "worker/source.ts": "a name that the build defines; every test with real workers uses it",
  "crypto/main.ts": "the entry of a script whose exports signature_test.ts tests",
  "page/main.ts": "composes page.ts from a browser's parts; tests/end_to_end runs it in browsers",
  "page/view.ts": "needs a DOM; tests/end_to_end runs it in browsers",
  "sandbox/main.ts": "needs an iframe with a policy; tests/end_to_end runs it in browsers",
  "sandbox/host.ts": "needs an iframe with a policy; tests/end_to_end runs it in browsers",
  "sandbox/markup_handlers.ts": "needs a DOM with a policy; tests/end_to_end runs it in browsers",
  "sandbox/window_main.ts": "needs an iframe with a policy; tests/end_to_end runs it in browsers",
  "sandbox/window_host.ts": "needs an iframe with a policy; tests/end_to_end runs it in browsers",
  "headless/main.ts": "composes a volunteer for a real server; the Python tests run it against one",
  "monitor/main.ts": "needs a DOM; tests/end_to_end runs it in a browser",
};

/** Returns the paths of all tests below `tests/`. */
async function testFiles(): Promise<string[]> {
  const files = [];
  for await (const folder of Deno.readDir(new URL(".", import.meta.url))) {
    if (!folder.isDirectory) continue;
    for await (const { name } of Deno.readDir(new URL(`${folder.name}/`, import.meta.url))) {
      if (name.endsWith("_test.ts")) files.push(`${folder.name}/${name}`);
    }
  }
  return files;
}

Deno.test("every module has a test of its name, and every test is about a module", async () => {
  const modules = [...(await readSources()).keys()];
  const tests = await testFiles();
  const untested = modules.filter((path) => !tests.includes(path.replace(/\.ts$/, "_test.ts")));
  assert.deepEqual(untested.sort(), Object.keys(UNTESTED).sort());
  // A module with many tests may have several files of them: pool_test.ts and pool_crash_test.ts.
  const stray = tests.filter((test) => !modules.some((path) => test.startsWith(path.replace(/\.ts$/, "_"))));
  assert.deepEqual(stray, []);
});

Deno.test("a module that is said to have types only has nothing that runs but constants and guards", async () => {
  const sources = await readSources();
  for (const [path, reason] of Object.entries(UNTESTED)) {
    if (!reason.startsWith("types")) continue;
    assert.doesNotMatch(sources.get(path)!, /^(export )?(async function|class|let) /m, path);
  }
});
