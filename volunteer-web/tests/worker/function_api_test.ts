import assert from "node:assert/strict";
import { functionApi, Reports } from "../../src/worker/function_api.ts";
import type { Report } from "../../src/wire/report.ts";
import { VERSION } from "../../src/wire/constants.ts";
import { withWorker } from "../support/workers.ts";

/** Returns the module, what it sends, and what lets time pass. */
function api() {
  const sent: Report[] = [];
  const waiting: (() => void)[] = [];
  const reports = new Reports((_, callback) => waiting.push(callback), (report) => sent.push(report));
  const timePasses = () => waiting.splice(0).forEach((callback) => callback());
  return { ...functionApi(reports), sent, timePasses, reports };
}

Deno.test("reports are summed until they are sent, once a second or with the results", () => {
  const { report, sent, timePasses, reports } = api();
  report({ cpuTime: 1.5, dataTransferTime: 2, nbItems: 3, units: "Gizmos" });
  report({ cpuTime: 1, nbItems: 1 });
  assert.deepEqual(sent, []);
  timePasses();
  assert.deepEqual(sent, [{ cpu_ms: 2.5, data_transfer_ms: 2, items: 4, units: "Gizmos" }]);
  timePasses();
  reports.flush();
  assert.equal(sent.length, 1);
  report({ nbItems: 2 });
  reports.flush();
  timePasses();
  assert.deepEqual(sent.slice(1), [{ cpu_ms: 0, data_transfer_ms: 0, items: 2, units: "" }]);
});

Deno.test("what is no number counts as nothing, and units are short and printable", () => {
  const { report, sent, reports } = api();
  const odd = [NaN, Infinity, -1, "x", {}, null, undefined, Symbol(), 1n, () => 1];
  for (const value of odd) report({ cpuTime: value, nbItems: value, units: value } as never);
  (report as (said?: unknown) => void)();
  report({ nbItems: "4" as never, units: "a\n\u001b[2J\ud800" + "🎉".repeat(40) });
  reports.flush();
  assert.equal(sent.length, 1);
  assert.deepEqual([sent[0].cpu_ms, sent[0].data_transfer_ms], [1e15, 0]);
  assert.ok(sent[0].items === 1e15 && [...sent[0].units].length <= 32, JSON.stringify(sent));
  assert.ok(/^a\[2J🎉+$/u.test(sent[0].units), sent[0].units);
});

Deno.test("a function requires it from the worker, whose notes bring the reports before the results", () =>
  withWorker(
    `const pando = require("pando-computing");
    module.exports["/pando/1.0.0"] = (x, cb) => { pando.report({ nbItems: 2, units: "u" }); cb(null, pando.version) }`,
    async (worker) => {
      assert.deepEqual(await worker.run(["a", "b"]), [[0, VERSION], [0, VERSION]]);
      const reports = worker.notes.flatMap((note) => note.note === "report" ? [note.report] : []);
      assert.deepEqual(reports.reduce((sum, { items }) => sum + items, 0), 4);
      assert.deepEqual(reports[0].units, "u");
    },
  ));

Deno.test("an item that takes long is reported of meanwhile", () =>
  withWorker(
    `const { report } = require("pando-computing");
    module.exports["/pando/1.0.0"] = (x, cb) => { report({ cpuTime: 7 }) }`,
    async (worker) => {
      worker.lend(["a"]);
      await worker.until(() => worker.notes.some(({ note }) => note === "report"));
      assert.deepEqual(worker.results, []);
    },
  ));

Deno.test("that a result has no text goes with the next report, cut and without what is not printed", () => {
  const { report, sent, reports } = api();
  reports.textless("a\n\u001b[2J\ud800" + "🎉".repeat(200));
  report({ nbItems: 1 });
  reports.flush();
  assert.deepEqual([sent.length, sent[0].items], [1, 1]);
  assert.ok(/^a\[2J🎉+$/u.test(sent[0].no_text!) && [...sent[0].no_text!].length === 100, sent[0].no_text);
});
