import assert from "node:assert/strict";
import { build } from "../../build.ts";
import { MAX_FRAME_BYTES } from "../../src/wire/constants.ts";
import type { FromClient, FromVolunteer } from "../../src/wire/messages.ts";
import { blobMessages, type Bytes, ClientEnd, type Lend, type Results } from "../support/client.ts";
import { blobInfo, HELLO, packed, SQUARE, within } from "../support/helpers.ts";

const script = build().then(async ({ client }) => {
  const path = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(path, client.get("pipe.js")!);
  return path;
});

/** A volunteer in a process of its own, with this test as its client. */
class Volunteer {
  readonly messages: (FromVolunteer | Results)[] = [];
  #end = new ClientEnd();
  readonly process: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Bytes>;
  #wake: () => void = () => undefined;

  constructor(path: string, args: string[]) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-config", "--unstable-worker-options", path, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.process.stdin.getWriter() as WritableStreamDefaultWriter<Bytes>;
    this.#read();
  }

  async send(message: FromClient | Lend): Promise<void> {
    for (const frame of this.#end.frames(message)) await this.sendFrame(frame);
  }

  async sendFrame(frame: Bytes): Promise<void> {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, frame.length, true);
    await this.#writer.write(length);
    await this.#writer.write(frame);
  }

  async hello(code: string): Promise<void> {
    const bundle = await packed(code);
    await this.send({ type: "hello", info: { ...HELLO, function: await blobInfo(bundle) } });
    const accept = await this.until(() => this.messages.find((m) => m.type === "accept"));
    for (const message of blobMessages(accept, bundle)) await this.send(message);
  }

  async until<T>(find: () => T | undefined | false): Promise<T> {
    const search = async () => {
      for (;;) {
        const found = find();
        if (found) return found;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    return await within(10_000, search(), `${find}; got ${JSON.stringify(this.messages).slice(0, 500)}`);
  }

  async values(lease: number, count: number): Promise<unknown[]> {
    return await this.until(() => {
      const values = this.messages.flatMap((m) => m.type === "results" && m.lease === lease ? m.values : []);
      return values.length >= count && values;
    });
  }

  async end(): Promise<{ code: number; stderr: string }> {
    const stderr = new Response(this.process.stderr).text();
    const { code } = await within(10_000, this.process.status, "the end of the process");
    return { code, stderr: await stderr };
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #read(): Promise<void> {
    let rest = new Uint8Array(0);
    for await (const chunk of this.process.stdout) {
      rest = new Uint8Array([...rest, ...chunk]);
      while (rest.length >= 4) {
        const length = new DataView(rest.buffer, rest.byteOffset).getUint32(0, true);
        assert.ok(length <= MAX_FRAME_BYTES, `stdout is corrupt: a frame of ${length} bytes`);
        if (rest.length < 4 + length) break;
        this.messages.push(...this.#end.receive(rest.slice(4, 4 + length)));
        rest = rest.slice(4 + length);
      }
      this.#wake();
    }
  }
}

async function volunteer(code: string, ...args: string[]): Promise<Volunteer> {
  const volunteer = new Volunteer(await script, args);
  await volunteer.hello(code);
  return volunteer;
}

Deno.test("a volunteer on a pipe says hello, works, answers pings and leaves when the client says so", async () => {
  const v = await volunteer(SQUARE, "--cores=2", "--device=My_laptop");
  const ready = await v.until(() => v.messages.find((m) => m.type === "ready"));
  assert.deepEqual([ready.info.slots, ready.info.device, ready.info.protocol], [2, "My laptop", 2]);
  await v.send({ type: "lend", lease: 1, items: ["1", "2", "3"] });
  await v.send({ type: "lend", lease: 2, items: ["4"] });
  assert.deepEqual(await v.values(1, 3), ["1", "4", "9"]);
  assert.deepEqual(await v.values(2, 1), ["16"]);
  await v.send({ type: "ping", token: new Uint8Array(8).fill(7) });
  await v.until(() => v.messages.find((m) => m.type === "pong"));
  await v.send({ type: "goodbye", reason: "done", text: "" });
  assert.deepEqual(await v.end(), { code: 0, stderr: "" });
});

Deno.test("a long lease and long results cross the pipe whole", async () => {
  const v = await volunteer("module.exports['/pando/1.0.0'] = (x, cb) => cb(null, x + x)", "--cores=1");
  const items = Array.from({ length: 300 }, (_, i) => `${i}-`.repeat(300));
  await v.send({ type: "lend", lease: 1, items });
  assert.deepEqual(await v.values(1, 300), items.map((x) => x + x));
  await v.close();
  assert.equal((await v.end()).code, 0);
});

Deno.test("what the function writes reaches stderr, and never stdout", async () => {
  const v = await volunteer(`module.exports['/pando/1.0.0'] = (x, cb) => {
    console.log("from the function", x);
    cb(null, [typeof Deno, typeof process, typeof Buffer, typeof alert].join());
  }`);
  await v.send({ type: "lend", lease: 1, items: ["1"] });
  assert.deepEqual(await v.values(1, 1), ["undefined,undefined,undefined,undefined"]);
  await v.close();
  const { code, stderr } = await v.end();
  assert.deepEqual([code, stderr], [0, '{"console":"from the function 1"}\n']);
});

Deno.test("a function that cannot be loaded is said to be broken, and why", async () => {
  const v = await volunteer("module.exports = { oops: 1 }");
  const broken = await v.until(() => v.messages.find((m) => m.type === "broken"));
  assert.equal(broken.message, "Incompatible module, missing '/pando/1.0.0' property");
  await v.close();
  assert.equal((await v.end()).code, 0);
});

Deno.test("frames that break the protocol end the volunteer with a word and status 1", async () => {
  const v = await volunteer(SQUARE);
  await v.until(() => v.messages.find((m) => m.type === "ready"));
  await v.sendFrame(Uint8Array.of(0x55, 0, 0, 0));
  const goodbye = await v.until(() => v.messages.find((m) => m.type === "goodbye"));
  assert.equal(goodbye.reason, "protocol");
  const { code, stderr } = await v.end();
  assert.ok(code === 1 && stderr.includes("broke the protocol"), `${code} ${stderr}`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} is a goodbye, and the process ends with status 0`, async () => {
    const v = await volunteer("module.exports['/pando/1.0.0'] = (x, cb) => { for (;;); }");
    await v.until(() => v.messages.find((m) => m.type === "ready"));
    await v.send({ type: "lend", lease: 1, items: ["1"] });
    v.process.kill(signal);
    const goodbye = await v.until(() => v.messages.find((m) => m.type === "goodbye"));
    assert.deepEqual(goodbye, { type: "goodbye", reason: "left", text: "" });
    assert.equal((await v.end()).code, 0);
  });
}

Deno.test("an unknown option is refused with status 2", async () => {
  const v = new Volunteer(await script, ["--colour=red"]);
  const { code, stderr } = await v.end();
  assert.ok(code === 2 && stderr.includes("unknown option --colour"), `${code} ${stderr}`);
  await v.close().catch(() => undefined);
});
