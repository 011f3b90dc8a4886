import assert from "node:assert/strict";
import { runGo } from "../../src/bundler/wasm_host.ts";

/** What Go's host does in the place of a program, with the calls that a program in Go makes. */
type Calls = {
  read(fd: number, to: Uint8Array, offset: number, length: number, at: null, callback: Callback): void;
  write(fd: number, from: Uint8Array, offset: number, length: number, at: null, callback: Callback): void;
  writeSync(fd: number, bytes: Uint8Array): number;
  open(path: string, flags: number, mode: number, callback: Callback): void;
  stat(path: string, callback: Callback): void;
  unlink?: unknown;
};
type Callback = (error: { code: string } | null, value?: number) => void;

/** Starts a program that is none, and returns the calls that it would have. */
function calls(said: (bytes: Uint8Array) => void = () => undefined) {
  const program = runGo(new Uint8Array(1), ["none"], said);
  return { program, fs: (globalThis as unknown as { fs: Calls }).fs };
}

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a program that is none ends", async () => {
  await assert.rejects(calls().program.ended);
});

Deno.test("what is written to it is read in the order and in the parts that it asks for", async () => {
  const { program, fs } = calls();
  program.ended.catch(() => undefined);
  const read = (length: number) =>
    new Promise<string>((resolve) => {
      const to = new Uint8Array(8);
      fs.read(0, to, 1, length, null, (_error, count) =>
        resolve(new TextDecoder().decode(to.subarray(1, 1 + count!))));
    });
  const waiting = read(2);
  program.write(bytes(""));
  program.write(bytes("abc"));
  program.write(bytes("de"));
  assert.deepEqual([await waiting, await read(7), await read(7)], ["ab", "c", "de"]);
});

Deno.test("its standard output is heard, and nothing of its standard error", async () => {
  const heard: string[] = [];
  const { program, fs } = calls((part) => heard.push(new TextDecoder().decode(part)));
  program.ended.catch(() => undefined);
  const written = await new Promise((resolve) =>
    fs.write(1, bytes("xaby"), 1, 2, null, (_error, count) => resolve(count))
  );
  assert.equal(fs.writeSync(2, bytes("panic")), 5);
  await null;
  assert.deepEqual([heard, written], [["ab"], 2]);
});

Deno.test("it reads files, changes none, and gets errors that it knows", async () => {
  const { program, fs } = calls();
  program.ended.catch(() => undefined);
  const code = await new Promise((resolve) => fs.stat("/nowhere/at/all", (error) => resolve(error?.code)));
  assert.equal(code, "ENOENT");
  const path = new URL("wasm_host_test.ts", import.meta.url).pathname;
  const fd = await new Promise<number>((resolve) => fs.open(path, 0, 0, (_error, value) => resolve(value!)));
  const to = new Uint8Array(6);
  const count = await new Promise((resolve) =>
    fs.read(fd, to, 0, 6, null, (_error, value) => resolve(value))
  );
  assert.deepEqual([count, new TextDecoder().decode(to)], [6, "import"]);
  const unknown = await new Promise((resolve) =>
    fs.read(999_999, to, 0, 6, null, (error) => resolve(error?.code))
  );
  assert.match(String(unknown), /^E[A-Z]+$/);
  assert.equal(fs.unlink, undefined);
  (globalThis as unknown as { fs: { close(fd: number, callback: Callback): void } }).fs.close(
    fd,
    () => undefined,
  );
});
