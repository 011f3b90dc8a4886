import assert from "node:assert/strict";
import { Attempts, type Failure } from "../../src/volunteer/attempts.ts";

const PATH: Failure = { part: "path", why: "no way", detail: "" };
const SERVER: Failure = { part: "server", why: "no server", detail: "" };

Deno.test("attempts that fail in one place are counted from the first", () => {
  const attempts = new Attempts();
  assert.equal(attempts.tries, null);
  attempts.failed(PATH, 1000);
  attempts.failed({ ...PATH, detail: "more" }, 2000);
  assert.deepEqual(attempts.tries, { count: 2, since: 1000, last: { ...PATH, detail: "more" } });
  attempts.failed(SERVER, 3000);
  assert.deepEqual(attempts.tries, { count: 1, since: 3000, last: SERVER });
});

Deno.test("a reason stays until something else has happened", () => {
  const attempts = new Attempts();
  attempts.failed(PATH, 1000);
  attempts.reachedServer();
  assert.equal(attempts.tries?.count, 1);
  attempts.clear();
  assert.equal(attempts.tries, null);
  attempts.failed(SERVER, 2000);
  attempts.reachedServer();
  assert.equal(attempts.tries, null);
});
