/**
 * What esbuild's own script gets for `node:child_process` where Pando is installed: the program that does the work.
 *
 * esbuild is a program of its own for each kind of machine. Pando brings it as WebAssembly, which runs everywhere and
 * without a network, in this process. A native one of the same version, if this machine has one, is faster.
 */

import { spawn as spawnNative } from "node:child_process";
import { readFileSync } from "node:fs";
import { nativeProgram } from "./native_esbuild.ts";
import { runGo } from "./wasm_host.ts";

/** The WebAssembly program; `build.ts` puts it beside the script that this module becomes part of. */
const PROGRAM = new URL("esbuild.wasm", import.meta.url);

type Listener = (value?: unknown) => void;

/** What esbuild's script uses of a process. */
export type Process = {
  readonly stdin: {
    write(bytes: Uint8Array, done: Listener): unknown;
    on(event: string, listener: Listener): unknown;
    destroy(): unknown;
    unref?(): void;
  };
  readonly stdout: {
    on(event: string, listener: Listener): unknown;
    unref?(): void;
  };
  on(event: string, listener: Listener): unknown;
  ref(): void;
  unref(): void;
  kill(): unknown;
};

/**
 * Starts esbuild.
 *
 * @param _command how its own script would start it
 * @param given arguments, of which only options count: `--service=VERSION` is one
 */
export function spawn(_command: string, given: readonly string[]): Process {
  const options = given.filter((argument) => argument.startsWith("--"));
  const version = options.find((option) => option.startsWith("--service="))!.slice("--service=".length);
  const native = nativeProgram(version);
  // It may say on standard error what is not for the user's eyes.
  return native === null
    ? inThisProcess(options.filter((option) => option !== "--ping"))
    : spawnNative(native, options, { stdio: ["pipe", "pipe", "ignore"] }) as Process;
}

/** Runs the WebAssembly program. Nothing is said of its start: errors come as its end. */
function inThisProcess(options: readonly string[]): Process {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const heard: Listener[] = [];
  const program = runGo(readFileSync(PROGRAM), ["esbuild", ...options], (bytes) => {
    for (const listener of heard) listener(bytes);
  });
  program.ended.then(end, end);
  return {
    stdin: {
      write: (bytes, done) => {
        program.write(bytes);
        queueMicrotask(() => done(null));
      },
      on: () => undefined,
      destroy: () => end(),
    },
    stdout: {
      on: (event, listener) => event === "data" ? heard.push(listener) : ended.then(() => listener()),
    },
    on: () => undefined,
    ref: () => undefined,
    unref: () => undefined,
    kill: () => end(),
  };
}
