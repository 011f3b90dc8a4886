import assert from "node:assert/strict";
import { addresses, areHosts, covers, inWords, parseHosts } from "../../src/wire/allowed_hosts.ts";

Deno.test("hosts are named as the option names them", () => {
  assert.deepEqual(parseHosts("Example.org, https://b.example:8443,"), [
    "example.org",
    "https://b.example:8443",
  ]);
  assert.deepEqual([parseHosts(""), parseHosts(" , "), parseHosts("*")], [[], [], ["*"]]);
  for (const text of ["a b", "*,a", "a;b", "'self'", "data:", "a:65536", "a/b"]) {
    assert.equal(parseHosts(text), null, text);
  }
  assert.ok(areHosts(new Array(32).fill("a.example")) && !areHosts(new Array(33).fill("a.example")), "32");
  assert.deepEqual(inWords(["a.example", "b.example"]), "a.example, b.example");
});

Deno.test("what is granted covers what is wanted, port by port", () => {
  assert.deepEqual(addresses(["a.example", "wss://b.example", "c.example:1"]), [
    "a.example:80",
    "a.example:443",
    "b.example:443",
    "c.example:1",
  ]);
  assert.ok(covers([], []) && covers(["*"], ["*"]) && covers(["*"], ["a.example"]), "everything");
  assert.ok(covers(["a.example"], ["https://a.example"]), "one of two ports");
  assert.ok(!covers(["https://a.example"], ["a.example"]), "two of one port");
  assert.ok(!covers(["a.example"], ["*"]) && !covers(["a.example"], ["a.example:8080"]), "more");
});
