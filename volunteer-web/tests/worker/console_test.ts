import assert from "node:assert/strict";
import { type ConsoleLines, ConsoleWriter } from "../../src/worker/console.ts";

function written() {
  const said: ConsoleLines[] = [];
  const clock = { now: 0 };
  const writer = new ConsoleWriter((lines) => said.push(lines), () => clock.now);
  const lines = () => said.splice(0).flatMap(({ level, lines }) => lines.map((line) => `${level}: ${line}`));
  return { console: writer.console(), writer, said, lines, clock };
}

Deno.test("values are lines, as they can be shown, of one of two levels", () => {
  const { console, lines } = written();
  console.log("a", 1, { b: [2] }, null);
  console.warn(new Error("no"));
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  console.error(circle, undefined, Symbol("s"));
  console.info();
  console.debug("one\ntwo\r\nthree\n");
  console.dir({ a: 1 }, { depth: 3 });
  console.table([[1, 2]]);
  assert.deepEqual(lines(), [
    'info: a 1 {"b":[2]} null',
    "error: Error: no",
    'error: {"self":[circular]} undefined Symbol(s)',
    ...["info: ", "info: one", "info: two", "info: three", "info: ", 'info: {"a":1}', "info: [[1,2]]"],
  ]);
});

const formats: [values: unknown[], text: string][] = [
  [["%s is %d", "x", "42"], "x is 42"],
  [["%i and %f", "42.9px", "1.5"], "42 and 1.5"],
  [["%d %d %i", 5n, {}, Symbol()], "5n NaN NaN"],
  [["%o %O %j", { a: 1 }, [2], "text"], '{"a":1} [2] "text"'],
  [["%cred", "color: red"], "red"],
  [["100%", "more"], "100% more"],
  [["100%%"], "100%%"],
  [["100%% %s"], "100%% %s"],
  [["%s %s", 1], "1 %s"],
  [["%s", 1, 2, "x"], "1 2 x"],
  [["%%", 1], "% 1"],
  [["%x %s", 1], "%x 1"],
  [[1, "%s", 2], "1 %s 2"],
];
for (const [values, text] of formats) {
  Deno.test(`${JSON.stringify(String(values[0]))} is a format as in every console`, () => {
    const { console, lines } = written();
    console.log(...values);
    assert.deepEqual(lines(), [`info: ${text}`]);
  });
}

Deno.test("assertions, counts, times and groups", () => {
  const { console, lines, clock } = written();
  console.assert(true, "not this");
  console.assert(false, "x is", 1);
  console.count();
  console.count();
  console.countReset();
  console.count();
  console.count("a");
  console.time("t");
  clock.now = 12.34;
  console.timeLog("t", "half");
  console.timeEnd("t");
  console.timeEnd("t");
  console.group("outer");
  console.groupCollapsed();
  console.log("deep\ndeeper");
  console.groupEnd();
  console.groupEnd();
  console.groupEnd();
  console.log("flat");
  assert.deepEqual(lines(), [
    "error: Assertion failed x is 1",
    ...["info: default: 1", "info: default: 2", "info: default: 1", "info: a: 1"],
    ...["info: t: 12.3 ms half", "info: t: 12.3 ms", "info: outer"],
    ...["info:     deep", "info:     deeper", "info: flat"],
  ]);
});

Deno.test("methods that are not here do nothing, and a function may put its own in", () => {
  const { console, lines } = written();
  (console as unknown as { profile(text: string): void }).profile("a");
  assert.deepEqual(lines(), []);
  let taken: unknown;
  console.log = (value: unknown) => taken = value;
  console.log("mine");
  assert.deepEqual([taken, lines()], ["mine", []]);
});

Deno.test("lines are cut, and there are not too many of them in a while", () => {
  const { console, writer, said, lines, clock } = written();
  console.log("x".repeat(600));
  assert.equal(lines()[0].length, "info: ".length + 500);
  console.log("\n".repeat(500));
  assert.equal(lines().length, 100);
  for (let i = 0; i < 2000; i++) console.log(i);
  assert.equal(lines().length, 998);
  writer.flush();
  writer.flush();
  assert.deepEqual(said.splice(0), [{ level: "info", lines: [], skipped: 1002 }]);
  console.log("one more");
  clock.now = 5001;
  console.error("later");
  assert.deepEqual(said, [{ level: "error", lines: ["later"], skipped: 1 }]);
});
