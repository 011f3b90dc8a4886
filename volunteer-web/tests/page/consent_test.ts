import assert from "node:assert/strict";
import { Consent } from "../../src/page/consent.ts";
import { fakeStorage, forbiddenStorage } from "../support/fakes.ts";

Deno.test("a function that reaches nothing needs no agreement", () => {
  assert.deepEqual(new Consent(fakeStorage(), []).question("j", []), null);
});

Deno.test("agreed to once, it is agreed to for this job of the server, and for no other", () => {
  const consent = new Consent(fakeStorage(), []);
  assert.deepEqual(consent.question("j", ["a.example"]), "This job's function may reach: a.example.");
  assert.ok(consent.question("j", ["a.example"]) !== null, "it is agreed to before anybody agreed");
  consent.agree();
  assert.deepEqual(consent.question("j", ["a.example"]), null);
  assert.ok(consent.question("j", ["a.example", "b.example"]) !== null, "more hosts");
  assert.ok(consent.question("other", ["a.example"]) !== null, "another job");
});

Deno.test("a grant of the address counts once this browser has confirmed it, for exactly these hosts", () => {
  const store = fakeStorage();
  const first = new Consent(store, ["*"]);
  const asked = first.question("j", ["a.example"])!;
  assert.ok(asked.includes("may reach: a.example.") && asked.includes("any host"), asked);
  // Whoever goes away without a click has confirmed nothing.
  assert.ok(new Consent(store, ["*"]).question("j", ["a.example"]) !== null, "it was not confirmed");
  first.agree();
  assert.deepEqual([first.question("j", ["a.example"]), first.question("other", ["*"])], [null, null]);
  assert.deepEqual(new Consent(store, ["*"]).question("j", ["b.example"]), null);
  assert.ok(new Consent(store, ["a.example"]).question("j", ["a.example"]) !== null, "another grant");
  assert.ok(new Consent(store, []).question("j", ["a.example"]) !== null, "no grant");
});

Deno.test("hosts are the same in any order, and a job that wants more than the address grants is asked for itself", () => {
  const store = fakeStorage();
  const consent = new Consent(store, ["b.example", "a.example"]);
  assert.deepEqual(consent.question("j", ["c.example"]), "This job's function may reach: c.example.");
  consent.agree();
  assert.ok(
    new Consent(store, ["b.example", "a.example"]).question("j", ["a.example"]) !== null,
    "confirmed",
  );
  assert.ok(consent.question("k", ["a.example"]) !== null, "confirmed");
  consent.agree();
  assert.deepEqual(new Consent(store, ["a.example", "b.example"]).question("j", ["b.example"]), null);
});

Deno.test("where storage is forbidden, a confirmed grant holds until the page is left", () => {
  const consent = new Consent(forbiddenStorage, ["a.example"]);
  assert.ok(consent.question("j", ["a.example"]) !== null, "nobody has confirmed it");
  consent.agree();
  assert.deepEqual(consent.question("k", ["a.example"]), null);
});
