/**
 * Makes the global scopes in which functions run alike: those of workers in Deno and in each browser, and those of pages.
 *
 * What only some volunteers have is taken away where its absence is clearer than what would follow, and what can be
 * had everywhere is added where it is missing. `docs/functions.md` says what is where.
 */

import type { Context } from "../wire/environment.ts";
import { dataUrlText } from "./data_url.ts";

type Scope = typeof globalThis & Record<string, unknown>;
const scope = globalThis as Scope;
const { apply } = Reflect;
/** Indirect, so that what it evaluates sees the global scope only. */
const evaluate = scope.eval;

/**
 * Globals of Deno's workers that a browser's workers lack, or that do there what a function must not do or cannot rely
 * on: one that needs them would fail in browsers.
 */
const DENO_ONLY = [
  "Deno",
  "process",
  "Buffer",
  "global",
  "setImmediate",
  "clearImmediate",
  "alert",
  "confirm",
  "prompt",
  "gc",
  // The context "2d" is missing.
  "OffscreenCanvas",
  // The name is there in browsers only if they isolate the page, which plain HTTP excludes.
  "SharedArrayBuffer",
] as const;
/** A function has the cores that are lent, each for another item: it starts no workers of its own. */
const WORKERS = ["Worker", "SharedWorker"] as const;

/**
 * A function has no storage. Browsers have the names all the same, and some throw when one is read, or even looked at with
 * `typeof`; without them, libraries do without.
 */
const STORAGE = ["caches", "indexedDB", "localStorage", "sessionStorage"] as const;

const MAX_ADDRESS_CHARACTERS = 100;

/** Changes the global scope for a function that runs in such a context. */
export function levelGlobals(context: Context): void {
  for (const name of STORAGE) remove(name);
  levelCrypto(crypto);
  if (context === "worker") levelWorker();
}

function levelWorker(): void {
  // A worker that closes itself leaves its lease without results and without a sign of it. A message that the function
  // posts would be taken for one of the slot's.
  silence("close");
  silence("postMessage");
  // Some of these write to the process's stdout, which is not the function's.
  const only = typeof scope.Deno === "object" ? DENO_ONLY : [];
  for (const name of [...only, ...WORKERS]) remove(name);
  if (({} as { __proto__?: unknown }).__proto__ !== Object.prototype) restoreProto();
  levelTimers();
  levelImportScripts();
}

/** Adds what browsers have in secure contexts only, and what takes no more than is there anyway. */
export function levelCrypto(crypto: Crypto): void {
  if (typeof crypto.randomUUID === "function") return;
  Object.defineProperty(crypto, "randomUUID", {
    configurable: true,
    enumerable: true,
    writable: true,
    value: () => uuid(crypto.getRandomValues(new Uint8Array(16))),
  });
}

/** Returns the UUID of version 4 (RFC 9562, 5.4) that these random bytes, 16 of them, make. */
function uuid(bytes: Uint8Array): string {
  bytes[6] = bytes[6] & 0x0f | 0x40;
  bytes[8] = bytes[8] & 0x3f | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Deno's timers are those of Node.js: objects, for functions only, with words on stderr about times that are too long. */
function levelTimers(): void {
  const timer: unknown = setTimeout(() => undefined, 0);
  clearTimeout(timer as number);
  if (typeof timer === "number") return;
  for (const name of ["setTimeout", "setInterval"] as const) {
    const start = scope[name] as (callback: () => void, ms: number) => unknown;
    const levelled = (handler: unknown, ms?: unknown, ...values: unknown[]) => {
      const callback = typeof handler === "function"
        ? () => apply(handler, scope, values)
        : () => evaluate(String(handler));
      // To 32 bits, as https://webidl.spec.whatwg.org/#es-long does.
      return Number(start(callback, Math.max(0, Number(ms) | 0)));
    };
    Object.defineProperty(scope, name, { value: levelled, writable: true, configurable: true });
  }
}

/** Deno's workers have no `importScripts`, by which libraries know that they are in a worker. */
function levelImportScripts(): void {
  const native = scope.importScripts as ((address: string) => void) | undefined;
  const importScript = (address: string) => {
    const text = dataUrlText(address);
    if (text !== null) return void evaluate(text);
    try {
      if (native !== undefined && /^blob:/i.test(address)) return native(address);
    } catch (error) {
      if ((error as Error)?.name !== "NetworkError") throw error;
    }
    const what = address.slice(0, MAX_ADDRESS_CHARACTERS);
    throw new DOMException(
      `importScripts cannot load ${what}: require or import a script, and it is part of the function`,
      "NetworkError",
    );
  };
  const importScripts = (...addresses: unknown[]) => addresses.map(String).forEach(importScript);
  Object.defineProperty(scope, "importScripts", { value: importScripts, writable: true, configurable: true });
}

/** Deno takes `__proto__` away; old packages set it, and browsers let them. */
function restoreProto(): void {
  Object.defineProperty(Object.prototype, "__proto__", {
    configurable: true,
    get(this: unknown) {
      return Object.getPrototypeOf(this);
    },
    set(this: unknown, prototype: unknown) {
      const isObject = typeof prototype === "object" || typeof prototype === "function";
      if (isObject && Object(this) === this) Object.setPrototypeOf(this, prototype);
    },
  });
}

/** Removes a global, also where it is inherited from; V8 lets its own stay, but not with its value. */
function remove(name: string): void {
  for (let owner: object | null = scope; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (!Reflect.deleteProperty(owner, name)) scope[name] = undefined;
  }
}

/** Makes a method of the global scope do nothing, also when it is looked for where it is inherited from. */
function silence(name: string): void {
  for (let owner: object | null = scope; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (!Object.hasOwn(owner, name)) continue;
    Object.defineProperty(owner, name, { value: () => undefined, writable: true, configurable: true });
  }
}
