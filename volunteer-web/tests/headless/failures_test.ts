import assert from "node:assert/strict";
import { explain, proxyVariable } from "../../src/headless/failures.ts";

const HTTPS = new URL("https://pando.example/j/x");
const HTTP = new URL("http://pando.example:5000");

function failed(text: string): Error {
  return new TypeError("fetch failed", {
    cause: new Error(`error sending request for url (${HTTPS}): ${text}`),
  });
}

Deno.test("what Deno says of a certificate is said in words", () => {
  const cases: [string, RegExp][] = [
    [
      "client error (Connect): invalid peer certificate: UnknownIssuer",
      /authority that this machine does not know/,
    ],
    ["invalid peer certificate: certificate expired: verification time", /has expired, or the clock/],
    ["invalid peer certificate: certificate not valid yet: verification", /not valid yet, or the clock/],
    ['invalid peer certificate: certificate not valid for name "a"', /for another name/],
    ["invalid peer certificate: BadEncoding", /cannot be checked/],
  ];
  for (const [text, words] of cases) {
    const said = explain(failed(text), HTTPS);
    assert.match(said, /^the certificate of pando\.example is not trusted: /);
    assert.match(said, words);
  }
});

Deno.test("what else keeps a server from being reached is said in words", () => {
  const cases: [string, URL, RegExp][] = [
    ["dns error: failed to lookup address information", HTTPS, /^there is no machine called pando\.example/],
    [
      "tcp connect error: Connection refused (os error 111)",
      HTTP,
      /^nothing listens at port 5000 of pando\.example$/,
    ],
    ["tcp connect error: Connection refused (os error 111)", HTTPS, /^nothing listens at port 443 /],
    ["Network is unreachable (os error 101)", HTTP, /^there is no way to pando\.example/],
    [
      "received corrupt message of type InvalidContentType",
      HTTPS,
      /if it has no https, use http:\/\/pando\.example$/,
    ],
    ["connection closed before message completed", HTTP, /https only, use https:\/\/pando\.example:5000$/],
    ["connection closed before message completed", HTTPS, /^the server at pando\.example hung up$/],
    ["tunnel error: unsuccessful", HTTPS, /^the proxy that HTTPS_PROXY/],
    ["operation timed out", HTTPS, /^the server at pando\.example does not answer$/],
    ["something else", HTTPS, /^the server at pando\.example cannot be reached$/],
  ];
  for (const [text, base, words] of cases) assert.match(explain(failed(text), base), words);
  assert.match(explain(new TypeError("Requests to port 1 are blocked"), HTTP), /not for web servers/);
  assert.match(
    explain(new Error("Failed to load platform certificates: No such file"), HTTPS),
    /SSL_CERT_FILE/,
  );
  assert.equal(explain("text", HTTPS), "the server at pando.example cannot be reached");
  const named = new URL("https://certificate-expired.example");
  assert.equal(
    explain(new Error(`for url (${named}): odd`), named),
    "the server at certificate-expired.example cannot be reached",
  );
});

Deno.test("a proxy may be at fault, where the environment names one", () => {
  const get = (name: string) => ({ HTTPS_PROXY: "http://proxy:3128", http_proxy: "" })[name];
  assert.deepEqual([proxyVariable(HTTPS, get), proxyVariable(HTTP, get)], ["HTTPS_PROXY", ""]);
  const refused = failed("tcp connect error: Connection refused (os error 111)");
  assert.match(
    explain(refused, HTTPS, "HTTPS_PROXY"),
    /, or the proxy that HTTPS_PROXY names does not work$/,
  );
  assert.doesNotMatch(
    explain(failed("invalid peer certificate: UnknownIssuer"), HTTPS, "HTTPS_PROXY"),
    /proxy/,
  );
});
