/** What becomes of texts, bytes and errors on their way through a real worker. */

import assert from "node:assert/strict";
import { TestWorker, useWorkerSource, withWorker } from "../support/workers.ts";

const range = (count: number) => Array.from({ length: count }, (_, i) => String(i));
const message = (answer: [number, string]) => JSON.parse(answer[1]).message;

Deno.test("text beyond ASCII survives both ways, byte order marks too", () =>
  withWorker("function (x, cb) { cb(null, x + x.length) }", async (w) => {
    const answers = await w.run(["é", "", "日本", "🎉", "\ufeffa", "plain"]);
    assert.deepEqual(answers.map(([, value]) => value), ["é1", "0", "日本2", "🎉2", "\ufeffa2", "plain5"]);
  }));

Deno.test("half a character in an error is a replacement character, wherever it was cut", () =>
  withWorker(
    `function (x, cb) {
      if (x === "cut") return cb(new Error("x".repeat(1999) + "😀"));
      if (x === "half") throw new Error("\\ud83d");
      if (x === "stack") return cb({ message: "😀", stack: "\\udc00" });
      cb("\\ud83d");
    }`,
    async (w) => {
      const answers = await w.run(["cut", "half", "stack", "text"]);
      // What a strict reader of JSON refuses is an escape that is not a character.
      for (const [kind, json] of answers) assert.ok(kind === 1 && !/\\u[dD][89a-fA-F]/.test(json), json);
      assert.deepEqual(answers.map(message), ["x".repeat(1999) + "\ufffd", "\ufffd", "😀", "\ufffd"]);
      assert.deepEqual(JSON.parse(answers[2][1]).stack, "\ufffd");
    },
  ));

Deno.test("long results are split into messages of about 1 MiB, and one that is too long is an error", () =>
  withWorker("function (x, cb) { cb(null, 'é'.repeat(x)) }", async (w) => {
    const answers = await w.run([...Array(10).fill("200000"), String(9 * 1024 * 1024), "1"]);
    assert.deepEqual(answers.map(([kind]) => kind), [...Array(10).fill(0), 1, 0]);
    assert.deepEqual(message(answers[10]), "the result is longer than 16 MiB");
    for (const { values } of w.results) {
      assert.ok(
        values.length === 1 || values.join("").length < 400_000,
        `a message of ${values.length} values`,
      );
    }
  }));

Deno.test("typed arrays, views and buffers are binary results, as they were when the function called back", () =>
  withWorker(
    `var reused = new Uint8Array(4);
    module.exports["/pando/1.0.0"] = (x, cb) => {
      if (x === "buffer") return cb(null, new Uint8Array([1, 2]).buffer);
      if (x === "floats") return cb(null, new Float32Array([1]));
      if (x === "part") return cb(null, new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1));
      if (x === "empty") return cb(null, new Uint8Array());
      if (x === "text") return cb(null, "é");
      if (x === "gone") { const { buffer } = reused.slice(); structuredClone(buffer, { transfer: [buffer] }); return cb(null, buffer) }
      if (x === "long") return cb(null, new Uint8Array(16 * 1024 * 1024 + 1));
      reused.fill(+x); cb(null, reused);
    }`,
    async (w) => {
      const answers = await w.run([
        "7",
        "8",
        "buffer",
        "text",
        "floats",
        "part",
        "empty",
        "gone",
        "long",
        "9",
      ]);
      const shown = answers.map(([kind, value]) =>
        kind === 3
          ? Array.from(value as unknown as Uint8Array).join()
          : kind === 1
          ? message([1, value])
          : value
      );
      assert.deepEqual(answers.map(([kind]) => kind), [3, 3, 3, 0, 3, 3, 3, 1, 1, 3]);
      assert.deepEqual(shown, [
        ...["7,7,7,7", "8,8,8,8", "1,2", "é", "0,0,128,63", "2", "", shown[7]],
        ...["the result is longer than 16 MiB", "9,9,9,9"],
      ]);
      assert.ok(shown[7].includes("detached"), shown[7]);
    },
  ));

Deno.test("many binary results leave in messages of about 1 MiB", () =>
  withWorker("function (x, cb) { cb(null, new Uint8Array(100_000)) }", async (w) => {
    const answers = await w.run(range(50));
    assert.ok(answers.every(([kind, value]) => kind === 3 && value.length === 100_000), "not what it was");
    for (const { values } of w.results) {
      assert.ok(values.length <= 11, `a message of ${values.length} values`);
    }
  }));

Deno.test("a result may have as many bytes as the client says, and messages stay as short as it expects", async () => {
  await useWorkerSource();
  const w = new TestWorker();
  await w.load("function (x, cb) { cb(null, 'é'.repeat(x)) }", 1001);
  const answers = await w.run(["500", "501", ...Array(1000).fill("100")]);
  assert.deepEqual([answers[0][0], message(answers[1])], [0, "the result is longer than 1001 bytes"]);
  for (const { values } of w.results) {
    assert.ok(
      values.join("").length * 2 + values.length * 5 + 20 <= 1001 + 65_536,
      "a message that is too long",
    );
  }
  w.end();
});
