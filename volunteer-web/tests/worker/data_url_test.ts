import assert from "node:assert/strict";
import { dataUrlText } from "../../src/worker/data_url.ts";

const cases: [address: string, text: string | null][] = [
  ["data:,a%20b", "a b"],
  ["data:text/javascript,1+1#fragment", "1+1"],
  ["DATA:text/javascript;charset=utf-8,'%C3%BC'", "'ü'"],
  ["data:text/javascript;base64,w7w=", "ü"],
  ["data:text/javascript; BASE64 ,w7w%3D", "ü"],
  ["data:no comma", null],
  ["data:,%", null],
  ["data:;base64,=", null],
  ["blob:null/1", null],
  ["https://h/data:,a", null],
];
for (const [address, text] of cases) {
  Deno.test(`${address} holds ${text === null ? "no text" : `the text ${text}`}`, () => {
    assert.equal(dataUrlText(address), text);
  });
}
