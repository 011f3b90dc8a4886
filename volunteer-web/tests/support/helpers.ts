/** What several test files need. */

import { NO_LIMITS } from "../../src/wire/hello.ts";

/** What a client says of a job that asks for nothing in particular. */
export const HELLO = {
  protocol: 2,
  version: "0.1.0",
  job: "test",
  function: { digest: "0".repeat(64), bytes: 1 },
  title: "t.js",
  heartbeat_ms: 2500,
  ...NO_LIMITS,
  context: "worker" as const,
  allow_net: [],
  client: null,
};

/** A function that squares its items. */
export const SQUARE = "module.exports['/pando/1.0.0'] = (x, cb) => cb(null, x * x)";

/** Returns a bundle as it travels. */
export async function packed(code: BlobPart | BlobPart[]): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob(Array.isArray(code) ? code : [code]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Returns a bundle's digest and size. */
export async function blobInfo(bundle: Uint8Array<ArrayBuffer>): Promise<{ digest: string; bytes: number }> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bundle));
  return { digest: toHex(digest), bytes: bundle.length };
}

/** Returns the bytes that a hexadecimal text spells. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Returns `bytes` as hexadecimal text. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Returns the content of a file of the folder `shared`. */
export async function shared(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`../../../shared/${name}`, import.meta.url));
}

/** Returns the parsed content of a file of `shared/vectors`. */
export async function vectors<T>(name: string): Promise<T> {
  return JSON.parse(await shared(`vectors/${name}`));
}

/** Settles after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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

/**
 * Settles when `condition` holds, which is looked at every millisecond; fails after 5 s.
 *
 * @param state says how things are then
 */
export async function until(condition: () => boolean, state: () => string = () => ""): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 5 s: ${condition}; ${state()}`);
    await sleep(1);
  }
}
