/** What several test files need. */

import { NO_LIMITS } from "../../src/wire/hello.ts";

/** What a client says of a job that asks for nothing in particular. */
export const HELLO = {
  protocol: 1,
  version: "0.1.0",
  job: "test",
  title: "t.js",
  heartbeat_ms: 2500,
  ...NO_LIMITS,
  context: "worker" as const,
  allow_net: [],
};

/** Returns a bundle as it travels. */
export async function packed(code: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Response(code).body!.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Returns the bytes that a hexadecimal text spells. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Returns `bytes` as hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns the parsed content of a file of `shared/vectors`. */
export async function vectors<T>(name: string): Promise<T> {
  return JSON.parse(await Deno.readTextFile(new URL(`../../../shared/vectors/${name}`, import.meta.url)));
}

/** Throws unless the two values have the same JSON. */
export function assertSame(actual: unknown, expected: unknown, what = "value"): void {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${what}: got ${a}, expected ${e}`);
}

/** Throws unless `condition` holds. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Throws unless `action` throws an error of the class `kind`, which it returns. */
export function assertThrows<E extends Error>(
  action: () => unknown,
  kind: abstract new (...args: never[]) => E,
  what = "no error",
): E {
  try {
    action();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(what);
}

/** Settles as `promise` does, or fails after `ms` milliseconds. */
export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
