import assert from "node:assert/strict";
import { inFakeTime } from "../support/fakes.ts";
import { Liveness } from "../../src/sandbox/liveness.ts";

function watched() {
  const died: string[] = [];
  let asked = 0;
  const liveness = new Liveness(() => asked++, (text) => died.push(text));
  return { liveness, died, asked: () => asked };
}

Deno.test("a sandbox that answers lives, and is asked every second", () =>
  inFakeTime((time) => {
    const { liveness, died, asked } = watched();
    liveness.loaded();
    for (let i = 0; i < 20; i++) {
      time.pass(1000);
      liveness.answered();
    }
    assert.deepEqual([liveness.ready, died, asked()], [true, [], 20]);
    liveness.stop();
    time.pass(60_000);
    assert.equal(asked(), 20);
  }));

Deno.test("one that leaves six questions unanswered has died; one that loads may leave more", () =>
  inFakeTime((time) => {
    const { liveness, died } = watched();
    time.pass(16_000);
    assert.deepEqual([liveness.ready, died], [false, []]);
    time.pass(1000);
    assert.deepEqual(died.splice(0), [
      "the frame in which they run does not load, perhaps blocked by policy",
    ]);
    liveness.loaded();
    time.pass(5000);
    assert.deepEqual(died, []);
    time.pass(1000);
    assert.deepEqual(died, ["the browser ended it, perhaps for lack of memory"]);
  }));
