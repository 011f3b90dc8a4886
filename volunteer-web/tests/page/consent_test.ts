import { Consent } from "../../src/page/consent.ts";
import { assert, assertSame } from "../support/helpers.ts";

function storage() {
  const kept = new Map<string, string>();
  return () => ({
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  });
}

const forbidden = () => {
  throw new Error("forbidden");
};

Deno.test("a function that reaches nothing needs no agreement", () => {
  assertSame(new Consent(storage(), []).question("j", []), null);
});

Deno.test("agreed to once, it is agreed to for this job of the server, and for no other", () => {
  const consent = new Consent(storage(), []);
  assertSame(consent.question("j", ["a.example"]), "This job's function may reach: a.example.");
  assert(consent.question("j", ["a.example"]) !== null, "it is agreed to before anybody agreed");
  consent.agree();
  assertSame(consent.question("j", ["a.example"]), null);
  assert(consent.question("j", ["a.example", "b.example"]) !== null, "more hosts");
  assert(consent.question("other", ["a.example"]) !== null, "another job");
});

Deno.test("a grant of the address counts once this browser has confirmed it, for exactly these hosts", () => {
  const store = storage();
  const first = new Consent(store, ["*"]);
  const asked = first.question("j", ["a.example"])!;
  assert(asked.includes("may reach: a.example.") && asked.includes("any host"), asked);
  // Whoever goes away without a click has confirmed nothing.
  assert(new Consent(store, ["*"]).question("j", ["a.example"]) !== null, "it was not confirmed");
  first.agree();
  assertSame([first.question("j", ["a.example"]), first.question("other", ["*"])], [null, null]);
  assertSame(new Consent(store, ["*"]).question("j", ["b.example"]), null);
  assert(new Consent(store, ["a.example"]).question("j", ["a.example"]) !== null, "another grant");
  assert(new Consent(store, []).question("j", ["a.example"]) !== null, "no grant");
});

Deno.test("hosts are the same in any order, and a job that wants more than the address grants is asked for itself", () => {
  const store = storage();
  const consent = new Consent(store, ["b.example", "a.example"]);
  assertSame(consent.question("j", ["c.example"]), "This job's function may reach: c.example.");
  consent.agree();
  assert(new Consent(store, ["b.example", "a.example"]).question("j", ["a.example"]) !== null, "confirmed");
  assert(consent.question("k", ["a.example"]) !== null, "confirmed");
  consent.agree();
  assertSame(new Consent(store, ["a.example", "b.example"]).question("j", ["b.example"]), null);
});

Deno.test("where storage is forbidden, a confirmed grant holds until the page is left", () => {
  const consent = new Consent(forbidden, ["a.example"]);
  assert(consent.question("j", ["a.example"]) !== null, "nobody has confirmed it");
  consent.agree();
  assertSame(consent.question("k", ["a.example"]), null);
});
