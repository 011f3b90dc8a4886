import assert from "node:assert/strict";
import { DenoHost } from "../../src/pool/deno_host.ts";
import { TestWorker, useWorkerSource } from "../support/workers.ts";

Deno.test("a worker reaches exactly the hosts of its environment", async () => {
  await useWorkerSource();
  const host = new DenoHost();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response("hi"),
  );
  const { port } = server.addr;
  const tries = async (net: string[]) => {
    host.moveTo({ context: "worker", net });
    const worker = new TestWorker(host);
    try {
      await worker.load(
        "function (x, cb) { fetch(x).then((r) => r.text()).then((t) => cb(null, t), () => cb(null, 'refused')) }",
      );
      const answers = await worker.run([`http://127.0.0.1:${port}/`, `http://localhost:${port}/`]);
      return answers.map(([, value]) => value);
    } finally {
      worker.end();
    }
  };
  try {
    assert.deepEqual(await tries([`127.0.0.1:${port}`]), ["hi", "refused"]);
    assert.deepEqual(await tries([`localhost:1`]), ["refused", "refused"]);
    assert.deepEqual(await tries([]), ["refused", "refused"]);
    assert.deepEqual((await tries(["*"]))[0], "hi");
  } finally {
    await server.shutdown();
  }
});
