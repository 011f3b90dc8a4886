import assert from "node:assert/strict";
import { Lifecycle } from "../../src/page/lifecycle.ts";
import type { Status } from "../../src/volunteer/volunteer.ts";

/** A page in a browser that the test plays. */
function page(phase: Status["phase"] = "waiting") {
  const did: string[] = [];
  const volunteer = {
    status: { phase } as Status,
    join: () => void did.push("join"),
    leave(reason: string) {
      did.push(`leave: ${reason}`);
      volunteer.status = { phase: "left" };
    },
    hurry: () => void did.push("hurry"),
  };
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "hidden" as DocumentVisibilityState });
  new Lifecycle(volunteer).listen(window, document, () => did.push("visible"));
  const happens = (target: EventTarget, ...types: string[]) => {
    for (const type of types) target.dispatchEvent(new Event(type));
    return did.splice(0);
  };
  return { window, document, happens };
}

Deno.test("a page that is put away leaves, and joins again when it comes back", () => {
  const { window, document, happens } = page();
  assert.deepEqual(happens(window, "pagehide"), ["leave: closed"]);
  assert.deepEqual(happens(document, "freeze"), []);
  assert.deepEqual(happens(window, "pageshow"), ["join"]);
});

Deno.test("a page that is frozen leaves, and joins again when it is resumed or the network is back", () => {
  for (const back of ["resume", "online"]) {
    const { window, document, happens } = page();
    assert.deepEqual(happens(document, "freeze"), ["leave: closed"]);
    assert.deepEqual(happens(back === "online" ? window : document, back), ["join"]);
  }
});

Deno.test("a page that its owner has left stays so, whatever the browser does", () => {
  const { window, document, happens } = page("left");
  assert.deepEqual(happens(window, "pagehide", "pageshow", "online"), []);
  assert.deepEqual(happens(document, "freeze", "resume"), []);
});

Deno.test("what may have mended the connection ends the wait for the next attempt", () => {
  const { window, happens } = page("lost");
  assert.deepEqual(happens(window, "online", "pageshow"), ["hurry", "hurry"]);
});

Deno.test("only a page that becomes visible is back", () => {
  const { document, happens } = page("lost");
  assert.deepEqual(happens(document, "visibilitychange"), []);
  document.visibilityState = "visible";
  assert.deepEqual(happens(document, "visibilitychange"), ["hurry", "visible"]);
});
