import assert from "node:assert/strict";
import { Meter, rateText, spanText } from "../../src/page/meter.ts";

Deno.test("the meter counts items, the time of work, and their rate of late", () => {
  const meter = new Meter();
  meter.tick(0, true);
  for (let now = 100; now <= 10_000; now += 100) meter.add(10, now);
  meter.tick(10_000, true);
  assert.deepEqual([meter.items, meter.workedMs, meter.average], [1000, 10_000, 100]);
  assert.ok(Math.abs(meter.rate(10_000) - 100) < 10, `${meter.rate(10_000)}`);
  assert.equal(meter.rate(20_000), 0);
  assert.deepEqual([0, 1.234, 12.34, 1234.5].map(rateText), ["0.00", "1.23", "12.3", "1235"]);
  assert.deepEqual([5_400, 65_000, 7_500_000].map(spanText), ["5 s", "1 min 5 s", "2 h 5 min"]);
});
