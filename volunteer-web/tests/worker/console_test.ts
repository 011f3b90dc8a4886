import assert from "node:assert/strict";
import { consoleFor } from "../../src/worker/console.ts";

function written() {
  const lines: string[] = [];
  const clock = { now: 0 };
  const console = consoleFor((level, text) => lines.push(`${level}: ${text}`), () => clock.now);
  return { console, lines, clock };
}

Deno.test("values are lines, as they can be shown, of one of two levels", () => {
  const { console, lines } = written();
  console.log("a", 1, { b: [2] }, null);
  console.warn(new Error("no"));
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  console.error(circle, undefined, Symbol("s"));
  assert.deepEqual(lines, [
    'info: a 1 {"b":[2]} null',
    "error: Error: no",
    "error: [a value that cannot be shown] undefined Symbol(s)",
  ]);
});

Deno.test("methods that are not here do nothing", () => {
  const { console, lines } = written();
  (console as unknown as { group(text: string): void }).group("a");
  assert.deepEqual(lines, []);
});

Deno.test("lines are cut, and there are not too many of them in a second", () => {
  const { console, lines, clock } = written();
  console.log("x".repeat(600));
  assert.deepEqual(lines[0].length, "info: ".length + 500);
  for (let i = 0; i < 100; i++) console.log(i);
  assert.equal(lines.length, 40);
  clock.now = 1001;
  console.log("later");
  assert.deepEqual(lines.slice(40), ["info: (61 more lines)", "info: later"]);
});
