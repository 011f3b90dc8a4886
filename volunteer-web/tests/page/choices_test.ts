import assert from "node:assert/strict";
import {
  cleanDevice,
  defaultSlots,
  formatHash,
  isPhone,
  parseHash,
  recall,
  remember,
  shortAgent,
} from "../../src/page/choices.ts";
import { fakeStorage, forbiddenStorage } from "../support/fakes.ts";

const NONE = { device: null, cores: null, protocol: null, allowNet: null, client: null };

Deno.test("a hash says device, cores and protocol, in any order and with or without a last semicolon", () => {
  assert.deepEqual(parseHash("#device=My_old_phone;"), { ...NONE, device: "My old phone" });
  assert.deepEqual(parseHash("#protocol=webrtc;device=a;cores=3"), {
    ...NONE,
    device: "a",
    cores: 3,
    protocol: "webrtc",
  });
});

Deno.test("what a hash says wrongly counts as not said", () => {
  for (const hash of ["", "#", "#;;=;", "#device=;", "#cores=0;", "#cores=x;", "#protocol=carrier-pigeon;"]) {
    assert.deepEqual(parseHash(hash), NONE, hash);
  }
  assert.deepEqual(parseHash("#device=100%;").device, "100%");
});

Deno.test("a hash that was made says the same when it is read", () => {
  const choices = {
    device: "Zoë's phone; = # %",
    cores: 4,
    protocol: "websocket" as const,
    allowNet: ["example.org", "https://127.0.0.1:8080"],
    client: "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik",
  };
  assert.deepEqual(parseHash(formatHash(choices)), choices);
  assert.deepEqual([formatHash(NONE), formatHash({ ...NONE, device: "My phone" })], [
    "",
    "#device=My_phone;",
  ]);
});

Deno.test("a key in the hash is kept as it is, whole or broken", () => {
  for (const key of ["O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik", "cut", ""]) {
    assert.equal(parseHash(formatHash({ ...NONE, client: key })).client, key);
  }
  assert.equal(parseHash(`#client=${"x".repeat(10_000)};`).client, "x".repeat(64));
});

Deno.test("a hash says which hosts functions may reach", () => {
  assert.deepEqual(parseHash("#device=a;allow-net;").allowNet, ["*"]);
  assert.deepEqual(parseHash("#allow-net=example.org,%20127.0.0.1:80").allowNet, [
    "example.org",
    "127.0.0.1:80",
  ]);
  assert.equal(parseHash("#allow-net=a%20b").allowNet, null);
  assert.deepEqual([parseHash("#allow-net=;"), parseHash("#allow-net=,")].map((c) => c.allowNet), [[], []]);
  assert.deepEqual([parseHash("#allow-net"), parseHash("#allow-net=*;")].map((c) => c.allowNet), [["*"], [
    "*",
  ]]);
  assert.deepEqual(formatHash({ ...NONE, allowNet: ["*"] }), "#allow-net;");
});

Deno.test("names are printable, short and tidy", () => {
  assert.equal(cleanDevice("  a\u0000\u202eb \n c  "), "ab c");
  assert.deepEqual(cleanDevice("📱".repeat(100)), "📱".repeat(64));
});

Deno.test("choices are remembered, unless storage is forbidden", () => {
  const store = fakeStorage();
  remember(store, { ...NONE, device: "d", cores: 2 });
  assert.deepEqual(recall(store), { ...NONE, device: "d", cores: 2 });
  remember(forbiddenStorage, { ...NONE, device: "d" });
  assert.deepEqual(recall(forbiddenStorage), NONE);
});

Deno.test("all cores are lent, one fewer on phones, but at least one", () => {
  assert.deepEqual([defaultSlots(8, false), defaultSlots(8, true), defaultSlots(1, true)], [8, 7, 1]);
  assert.deepEqual([defaultSlots(undefined, false), defaultSlots(undefined, true)], [2, 1]);
});

Deno.test("browsers are named shortly", () => {
  const android =
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";
  const iphone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604";
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  assert.deepEqual([android, iphone, firefox, "?"].map(shortAgent), [
    "Chrome 130 on Android",
    "Safari 18 on iPhone",
    "Firefox 128 on Linux",
    "browser",
  ]);
  assert.deepEqual([android, iphone, firefox].map(isPhone), [true, true, false]);
});
