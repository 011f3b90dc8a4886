/**
 * The life of one slot: runs the function in the global scope in which it is, that of a worker or of a page.
 *
 * The port of the pool stays in this file's closure, and so does the way back: the function, evaluated in the global
 * scope, cannot reach them and so cannot speak for the slot.
 */

import { errorName, errorText } from "./batch.ts";
import { consoleFor } from "./console.ts";
import { exportedFunction, ExportError } from "./module_exports.ts";
import { functionApi, Reports } from "./function_api.ts";
import { functionSource } from "./script.ts";
import { type ItemFunction, Runner } from "./runner.ts";
import type { Context } from "../wire/environment.ts";
import type { Note, Order, Said } from "./messages.ts";

/** Globals of Deno's workers that a browser's workers lack: a function that needs them would fail in browsers. */
const DENO_ONLY_GLOBALS = [
  "Deno",
  "process",
  "Buffer",
  "global",
  "setImmediate",
  "clearImmediate",
  "alert",
  "confirm",
  "prompt",
] as const;

type Scope = typeof globalThis & Record<string, unknown>;
const scope = globalThis as Scope;

// Taken before the function can replace them.
const { setTimeout, performance } = scope;
const soon = nextTurn();
const { apply } = Reflect;
/** Reads what a message holds. In browsers a property of the prototype does, which gets the event, and so the port. */
const dataOf = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data")?.get;

/** What a slot says goes out by this; bound, before the function can put something else in its place. */
type Post = (said: Said, transfer: Transferable[]) => void;

/** Serves the pool at the other end of `port` for as long as this global scope exists. */
export function live(port: MessagePort, post: Post, context: Context): void {
  const say = (note: Note) => post(note, []);
  const log = consoleFor((level, text) => say({ note: "log", level, text }), () => performance.now());
  scope.console = log as unknown as Console;
  if (context === "worker") shelter();

  let runner: Runner | null = null;
  let prompt = false;
  const later = (ms: number, callback: () => void) => void setTimeout(callback, ms);
  const reports = new Reports(later, (report) => say({ note: "report", report }));
  const surroundings = {
    now: () => performance.now(),
    later,
    soon,
    answer: ({ buffer }: Uint8Array<ArrayBuffer>, mayWait: boolean) => {
      // Before the results that it is about: with the last of them the job may end.
      reports.pass();
      post(mayWait && !prompt ? buffer : [buffer], [buffer]);
    },
    dropped: (lease: number) => say({ note: "dropped", lease }),
    open: (lease: number, item: number) => say({ note: "open", lease, item }),
    warn: (text: string) => log.warn(text),
  };

  // Without these, an error that nobody catches ends a worker in Deno and leaves an item open in a browser.
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    blame((event as ErrorEvent).error ?? (event as ErrorEvent).message);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    blame((event as PromiseRejectionEvent).reason);
  });
  function blame(error: unknown): void {
    if (!runner?.fail(error)) log.error(errorText(error).message);
  }

  port.onmessage = (event) => {
    const data: ArrayBuffer | Order = dataOf === undefined ? event.data : apply(dataOf, event, []);
    if (data instanceof ArrayBuffer) return runner?.lend(new Uint8Array(data));
    if (data.order === "drop") return runner?.drop(data.lease);
    if (data.order === "resume") return runner?.resume(data);
    const module = { exports: {} as unknown };
    try {
      const run = load(data.code, functionApi(reports), module);
      runner = new Runner(run, surroundings, data.maxResult);
      prompt = data.prompt;
      say({ note: "loaded", context: wishOf(module.exports) });
    } catch (error) {
      const why = !(error instanceof ExportError) ? "load" : error.wrong ? "shape" : "missing";
      const context = wishOf(module.exports);
      say({ note: "broken", why, name: errorName(error), ...errorText(error), context });
    }
  };
}

/**
 * Evaluates the function's bundle.
 *
 * @param code body of a function with the parameters `module`, `exports` and `require`
 * @param api what it gets for `pando-computing`
 * @param module gets its exports, as far as it comes
 * @throws whatever loading it throws, or an `ExportError`
 */
function load(code: string, api: object, module: { exports: unknown }): ItemFunction {
  // Indirect, so that the code sees the global scope only, in sloppy mode as CommonJS is.
  const body = scope.eval(functionSource(code));
  const require = (name: unknown) => {
    if (name === "pando-computing") return api;
    throw new Error(`Cannot find module '${name}'`);
  };
  body.call(module.exports, module, module.exports, require);
  return exportedFunction(module.exports);
}

/** Returns where the module asks to be run, with `exports.pando = { context: "page" }`; null if it does not ask. */
function wishOf(exports: unknown): Context | null {
  try {
    const context = Object(Object(exports).pando).context;
    return context === "page" || context === "worker" ? context : null;
  } catch {
    return null;
  }
}

/** Returns how to call back after the events that wait now, and sooner than a timer, which browsers hold back. */
function nextTurn(): (callback: () => void) => void {
  // In Deno a message to oneself overtakes those of others for seconds.
  if (typeof scope.setImmediate === "function") return scope.setImmediate as (callback: () => void) => void;
  const { port1, port2 } = new MessageChannel();
  let next: () => void;
  port1.onmessage = () => next();
  return (callback) => {
    next = callback;
    port2.postMessage(null);
  };
}

/** Takes away what the function must not use in a worker, or would not find in others. */
function shelter(): void {
  // Closing itself would leave its lease unanswered without a sign of it; and its messages would be taken for what
  // the slot says.
  silence("close");
  silence("postMessage");
  // Some of these write to the process's stdout, which is not the function's.
  for (const name of DENO_ONLY_GLOBALS) delete scope[name];
  if (({} as { __proto__?: unknown }).__proto__ !== Object.prototype) restoreProto();
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

/** Makes a method of the global scope do nothing, also when it is looked for where it is inherited from. */
function silence(name: string): void {
  for (let owner: object | null = scope; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (!Object.hasOwn(owner, name)) continue;
    Object.defineProperty(owner, name, { value: () => undefined, writable: true, configurable: true });
  }
}
