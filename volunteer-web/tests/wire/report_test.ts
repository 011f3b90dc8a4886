import assert from "node:assert/strict";
import { MAX_REPORTED } from "../../src/wire/constants.ts";
import { joinReports } from "../../src/wire/report.ts";

const report = (items: number, units: string) => ({ cpu_ms: 1, data_transfer_ms: 2, items, units });

Deno.test("reports are summed, and the last units that were named stay", () => {
  assert.deepEqual(joinReports(null, report(3, "u")), report(3, "u"));
  assert.deepEqual(joinReports(report(3, "u"), report(4, "")), {
    cpu_ms: 2,
    data_transfer_ms: 4,
    items: 7,
    units: "u",
  });
  assert.equal(joinReports(report(3, "u"), report(4, "v")).units, "v");
});

Deno.test("sums stay within what the wire takes", () => {
  assert.equal(joinReports(report(MAX_REPORTED, "u"), report(1, "u")).items, MAX_REPORTED);
});

Deno.test("a result without a text is remembered, the first one", () => {
  const with_ = (no_text: string) => ({ ...report(1, "u"), no_text });
  assert.equal(joinReports(with_("a"), report(1, "u")).no_text, "a");
  assert.equal(joinReports(report(1, "u"), with_("b")).no_text, "b");
  assert.equal(joinReports(with_("a"), with_("b")).no_text, "a");
  assert.ok(!("no_text" in joinReports(report(1, "u"), report(1, "u"))));
});
