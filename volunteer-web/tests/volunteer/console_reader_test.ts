import assert from "node:assert/strict";
import { ConsoleReader } from "../../src/volunteer/console_reader.ts";

Deno.test("lines are passed on up to a limit, and how many were left out is said when there is room again", () => {
  const lines: string[] = [];
  const clock = { now: 0 };
  const reader = new ConsoleReader(
    3,
    1000,
    (level, line) => lines.push(`${level}: ${line}`),
    () => clock.now,
  );
  reader.take({ level: "error", lines: ["a", "b"], skipped: 0 });
  reader.take({ level: "info", lines: ["c", "d", "e"], skipped: 0 });
  reader.take({ level: "info", lines: [], skipped: 1200 });
  reader.tick();
  assert.deepEqual(lines.splice(0), ["error: a", "error: b", "info: c"]);
  clock.now = 1001;
  reader.tick();
  reader.tick();
  assert.deepEqual(lines.splice(0), ["info: (and 1,202 more lines)"]);
  reader.take({ level: "info", lines: ["f", "g"], skipped: 1 });
  assert.deepEqual(lines.splice(0), ["info: (and 1 more line)", "info: f", "info: g"]);
  reader.take({ level: "info", lines: ["h", "i", "j"], skipped: 0 });
  reader.end();
  assert.deepEqual(lines, ["info: h", "info: (and 2 more lines)"]);
});
