import assert from "node:assert/strict";
import { formatHash, parseHash } from "../../src/volunteer/hash.ts";

Deno.test("the hash of an address carries choices there and back", () => {
  const hash = "#client=k;device=My_phone;cores=3;protocol=websocket;allow-net=example.org;";
  const choices = {
    device: "My phone",
    cores: 3,
    protocol: "websocket",
    allowNet: ["example.org"],
    client: "k",
  } as const;
  assert.deepEqual(parseHash(hash), choices);
  assert.equal(formatHash(choices), hash);
});

Deno.test("a choice that is not well-formed is none", () => {
  const none = { device: null, cores: null, protocol: null, allowNet: null, client: null };
  for (const hash of ["", "#", "#cores=0;device=;protocol=pigeon", "#cores=x;;=;"]) {
    assert.deepEqual(parseHash(hash), none);
  }
  assert.equal(formatHash(none), "");
});
