import assert from "node:assert/strict";
import { errorText } from "../../src/worker/error_text.ts";
import { withReach } from "../../src/worker/out_of_reach.ts";

const ADVICE = "import it with { type: 'bytes' } and hand over its bytes";

/** An item that is to be an address, and is none. */
const ITEM = "URL constructor: http:x y/z.js is not a valid URL.";
/** As recorded from Chromium, Firefox, Deno and Safari, and from what packs scripts. */
const files = [
  "Failed to execute 'fetch' on 'WorkerGlobalScope': Failed to parse URL from x.wasm",
  "WorkerGlobalScope.fetch: x.wasm is not a valid URL.",
  "URL constructor: x.wasm is not a valid URL.",
  "Invalid URL: 'x.wasm'",
  '"x.wasm" cannot be parsed as a URL.',
  "fs.readFileSync is not a function",
  "(0 , import_fs.readFileSync) is not a function",
  "Aborted(both async and sync fetching of the wasm failed)",
  "Automatic publicPath is not supported in this browser",
  "Loading chunk 17 failed.",
];
for (const message of files) {
  Deno.test(`it is said what to do about a file: ${message}`, () => {
    assert.ok(withReach(message).startsWith(`${message}: `) && withReach(message).endsWith(ADVICE));
  });
}

Deno.test("what Deno says of its own options is not passed on", () => {
  const net = 'Requires net access to "cdn.example:443", run again with the --allow-net flag';
  assert.equal(
    errorText({ name: "NotCapable", message: net }).message,
    "the function may not reach cdn.example:443; --allow-net=HOSTS says what it may",
  );
  const read = withReach('Requires read access to "/x.wasm", run again with the --allow-read flag');
  assert.ok(!read.includes("--allow") && read.endsWith(ADVICE), read);
});

Deno.test("other errors say what they say", () => {
  for (
    const message of [
      "",
      "no",
      "x is not a function",
      "the URL is wrong",
      "Failed to fetch",
      "Invalid URL: 'example.org'",
      ITEM,
    ]
  ) {
    assert.equal(withReach(message), message);
  }
});

Deno.test("errors of this engine are known", async () => {
  const thrown = async (body: () => unknown) => {
    try {
      await body();
    } catch (error) {
      return errorText(error).message;
    }
  };
  assert.ok((await thrown(() => new URL("x.wasm")))?.endsWith(ADVICE));
  const fs = {} as { readFileSync(name: string): void };
  assert.ok((await thrown(() => fs.readFileSync("x")))?.endsWith(ADVICE));
});
