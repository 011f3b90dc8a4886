import assert from "node:assert/strict";
import { statusInWords } from "../../src/connect/server_problem.ts";

Deno.test("each status of a server that is none has its words", () => {
  for (const status of [502, 503, 504]) assert.match(statusInWords(status), /may not be running$/);
  for (const status of [401, 403, 407]) {
    assert.match(statusInWords(status), /firewall, does not let this device in$/);
  }
  assert.equal(statusInWords(404), "there is no Pando server at this address (status 404)");
  assert.equal(statusInWords(418), "the server does not answer as a Pando server does (status 418)");
});
