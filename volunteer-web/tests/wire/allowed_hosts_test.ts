/** What a function may reach, and what of it a worker of Deno really can. */

import { denoHost } from "../../src/pool/deno_host.ts";
import { ALONE } from "../../src/wire/environment.ts";
import { addresses, areHosts, covers, inWords, parseHosts } from "../../src/wire/allowed_hosts.ts";
import { considerWithoutPage, grantsOf, parseOptions } from "../../src/headless/command_line.ts";
import { assert, assertSame } from "../support/helpers.ts";
import { TestWorker, useWorkerSource } from "../support/workers.ts";

Deno.test("hosts are named as the option names them", () => {
  assertSame(parseHosts("Example.org, https://b.example:8443,"), ["example.org", "https://b.example:8443"]);
  assertSame([parseHosts(""), parseHosts(" , "), parseHosts("*")], [[], [], ["*"]]);
  for (const text of ["a b", "*,a", "a;b", "'self'", "data:", "a:65536", "a/b"]) {
    assertSame(parseHosts(text), null, text);
  }
  assert(areHosts(new Array(32).fill("a.example")) && !areHosts(new Array(33).fill("a.example")), "32");
  assertSame(inWords(["a.example", "b.example"]), "a.example, b.example");
});

Deno.test("an option without a value grants every host, one with an empty value none", () => {
  const granted = (...args: string[]) => grantsOf(parseOptions(args, ["allow-net"]));
  assertSame([granted(), granted("--allow-net="), granted("--allow-net=,")], [[], [], []]);
  assertSame([granted("--allow-net"), granted("--allow-net=*")], [["*"], ["*"]]);
  assertSame(granted("--allow-net=a.example"), ["a.example"]);
});

Deno.test("what is granted covers what is wanted, port by port", () => {
  assertSame(addresses(["a.example", "wss://b.example", "c.example:1"]), [
    "a.example:80",
    "a.example:443",
    "b.example:443",
    "c.example:1",
  ]);
  assert(covers([], []) && covers(["*"], ["*"]) && covers(["*"], ["a.example"]), "everything");
  assert(covers(["a.example"], ["https://a.example"]), "one of two ports");
  assert(!covers(["https://a.example"], ["a.example"]), "two of one port");
  assert(!covers(["a.example"], ["*"]) && !covers(["a.example"], ["a.example:8080"]), "more");
});

Deno.test("a volunteer without a page declines what it cannot give, and what its owner has not granted", () => {
  const info = {
    protocol: 1,
    version: "",
    job: "j",
    title: "",
    heartbeat_ms: 1,
    timeout_ms: null,
    max_result: 1,
  };
  const consider = (context: "worker" | "page", allow_net: string[], granted: string[] = []) =>
    JSON.stringify(considerWithoutPage({ ...info, context, allow_net }, granted));
  assertSame(consider("worker", []), '"take"');
  assertSame(consider("worker", ["a.example"], ["*"]), '"take"');
  assert(consider("worker", ["a.example"]).includes("may reach a.example"), "names the host");
  assert(consider("page", [], ["*"]).includes("--context=page"), "names the option");
});

Deno.test("a worker reaches exactly the hosts of its place", async () => {
  await useWorkerSource();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response("hi"),
  );
  const { port } = server.addr;
  const tries = async (net: string[]) => {
    denoHost.settle({ context: "worker", net });
    const worker = new TestWorker();
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
    assertSame(await tries([`127.0.0.1:${port}`]), ["hi", "refused"]);
    assertSame(await tries([`localhost:1`]), ["refused", "refused"]);
    assertSame(await tries([]), ["refused", "refused"]);
    assertSame((await tries(["*"]))[0], "hi");
  } finally {
    denoHost.settle(ALONE);
    await server.shutdown();
  }
});
