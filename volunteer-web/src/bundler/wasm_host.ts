/**
 * Runs a program in Go that was compiled to WebAssembly, in this process.
 *
 * Go's own `wasm_exec.js` does so, and takes for its system calls what it finds as `fs` in the global scope. What is there
 * lets the program read files, and makes its standard input and output those of a caller in this process. Every call is
 * answered at once, which takes a fraction of the time that promises take; but what is read and written on standard
 * input and output goes in turns of the event loop's microtasks, so that nobody is called back in the middle of a call.
 *
 * Source: `lib/wasm/wasm_exec.js` and `src/syscall/fs_js.go` of Go 1.25.
 */

import * as fs from "node:fs";
import "esbuild-wasm/wasm_exec.js";

type Callback = (error: unknown, value?: unknown) => void;
type Calls = Record<string, (...given: never[]) => unknown>;

/** Go's own host of such a program. */
declare class Go {
  argv: string[];
  env: Record<string, string>;
  exit: (code: number) => void;
  readonly importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

/** A program that runs. */
export type GoProgram = {
  /** Gives it something to read on its standard input. */
  write(bytes: Uint8Array): void;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
};

/** All that the program may ask of the file system: nothing is ever written. */
const READING = ["close", "fstat", "lstat", "open", "readdir", "readlink", "stat"] as const;

/**
 * Starts a program; one at a time, since Go's host finds its calls in the global scope.
 *
 * @param code the WebAssembly program
 * @param argv its arguments, the first being its name
 * @param said hears what it writes to its standard output
 */
export function runGo(
  code: BufferSource,
  argv: readonly string[],
  said: (bytes: Uint8Array) => void,
): GoProgram {
  const input = new Input();
  Object.assign(globalThis, { fs: { constants: fs.constants, ...reading(), ...streams(input, said) } });
  const go = new Go();
  go.argv = [...argv];
  // It runs for seconds at most: memory is cheaper than collecting it.
  go.env = { GOGC: "400" };
  go.exit = () => undefined;
  const start = async () => {
    // At once: this process has nothing else to do, and nobody to answer.
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), go.importObject);
    await go.run(instance);
  };
  return { write: (bytes) => input.write(bytes), ended: start() };
}

/** Returns the calls that read files. */
function reading(): Calls {
  const calls: Calls = {};
  for (const name of READING) {
    const call = fs[`${name}Sync`] as (...given: unknown[]) => unknown;
    calls[name] = (...given: unknown[]) => answer(given.pop() as Callback, () => call(...given));
  }
  return calls;
}

function streams(input: Input, said: (bytes: Uint8Array) => void): Calls {
  const write = (fd: number, bytes: Uint8Array) => {
    // What it says on standard error is for those who work on it.
    if (fd === 1) queueMicrotask(() => said(bytes));
    return bytes.length;
  };
  return {
    read: (
      fd: number,
      to: Uint8Array,
      offset: number,
      length: number,
      at: number | null,
      callback: Callback,
    ) =>
      fd === 0
        ? input.read(to.subarray(offset, offset + length), callback)
        : answer(callback, () => fs.readSync(fd, to, offset, length, at)),
    write: (fd: number, from: Uint8Array, offset: number, length: number, _at: null, callback: Callback) =>
      callback(null, write(fd, from.subarray(offset, offset + length))),
    writeSync: (fd: number, bytes: Uint8Array) => write(fd, bytes.slice()),
    fsync: (_fd: number, callback: Callback) => callback(null),
  };
}

/** Calls back with what `call` returns or throws. */
function answer(callback: Callback, call: () => unknown): void {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    // Go panics when it does not know the code.
    const { code } = error as { code?: unknown };
    return callback({ code: typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : "EIO" });
  }
  callback(null, value);
}

/** Bytes that wait for the program to read them, or a program that waits for bytes. */
class Input {
  #waiting: Uint8Array[] = [];
  #reader: (() => void) | null = null;

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    const reader = this.#reader;
    this.#reader = null;
    if (reader !== null) queueMicrotask(reader);
  }

  read(to: Uint8Array, callback: Callback): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#reader = () => this.read(to, callback);
      return;
    }
    const part = first.subarray(0, to.length);
    to.set(part);
    if (part.length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(part.length);
    callback(null, part.length);
  }
}
