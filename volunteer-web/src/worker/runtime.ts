/**
 * The life of one slot: runs the function in the global scope in which it is, that of a worker or of a page.
 *
 * The function is evaluated in the global scope, where it can replace whatever it finds there. So everything that a slot
 * needs of the global scope is taken before there is a function, and the port of the pool and the way back to it are in
 * private fields: the function cannot reach them and so cannot speak for the slot.
 */

import type { Context } from "../wire/environment.ts";
import { ConsoleWriter } from "./console.ts";
import { errorName, errorText } from "./error_text.ts";
import { functionApi, Reports } from "./function_api.ts";
import type { FromWorker, LoadOrder, Order } from "./messages.ts";
import { levelGlobals } from "./global_scope.ts";
import { type Exported, exportedFunction, ExportError } from "./module_exports.ts";
import { Runner, type RunnerHost } from "./runner.ts";
import { functionSource } from "./script.ts";

const MAX_STRAY_CHARACTERS = 300;
/** What is allocated, and not touched, to have garbage collected: so much is a reason for each engine. */
const BALLAST_BYTES = 64 * 1024 * 1024;
const BALLAST_MS = 40;

type Scope = typeof globalThis & Record<string, unknown>;
const scope = globalThis as Scope;

// Taken before the function can replace them.
const { setTimeout, clearTimeout, performance } = scope;
const soon = nextTurn();
const { apply } = Reflect;
/** Deno has this, if it was started so. */
const gc = scope.gc as (() => void) | undefined;
/** Reads what a message holds. In browsers a property of the prototype does, which gets the event, and so the port. */
const dataOf = Object.getOwnPropertyDescriptor(MessageEvent.prototype, "data")?.get;

/** Sends what a slot says; bound to its port or worker before the function can put something else in its place. */
type Post = (message: FromWorker, transfer: Transferable[]) => void;

/**
 * Serves the pool at the other end of `port` for as long as this global scope exists.
 *
 * @param context where this global scope is: in a worker, it loses what the function must not use there
 */
export function serve(port: MessagePort, post: Post, context: Context): void {
  const slot = new SlotRuntime(post);
  levelGlobals(context);
  port.onmessage = (event) => slot.receive(dataOf === undefined ? event.data : apply(dataOf, event, []));
}

/** The function of a slot, its console, its reports, and the loop that calls it. */
class SlotRuntime implements RunnerHost {
  readonly soon = soon;
  #post: Post;
  #writer = new ConsoleWriter(
    (lines) => this.#post({ note: "console", ...lines }, []),
    () => performance.now(),
  );
  #console = this.#writer.console();
  #reports = new Reports(
    (ms, callback) => this.later(ms, callback),
    (report) => this.#post({ note: "report", report }, []),
  );
  #runner: Runner | null = null;
  /** Whether the pool measures the time of each item. */
  #measured = false;

  constructor(post: Post) {
    this.#post = post;
    scope.console = this.#console as unknown as Console;
    // Without these, an error that nobody catches ends a worker in Deno.
    scope.addEventListener("error", (event) => {
      event.preventDefault();
      this.#uncaught((event as ErrorEvent).error ?? (event as ErrorEvent).message);
    });
    scope.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.#uncaught((event as PromiseRejectionEvent).reason);
    });
  }

  /** Takes what the pool says. */
  receive(message: ArrayBuffer | Order): void {
    if (message instanceof ArrayBuffer) return this.#runner?.lend(new Uint8Array(message));
    switch (message.order) {
      case "load":
        return this.#load(message);
      case "drop":
        return this.#runner?.drop(message.lease);
      case "resume":
        return this.#runner?.resume(message);
    }
  }

  now(): number {
    return performance.now();
  }

  later(ms: number, callback: () => void): void {
    setTimeout(callback, ms);
  }

  send({ buffer }: Uint8Array<ArrayBuffer>, urgent: boolean): void {
    // Before the results that they are about: with the last of them the job may end.
    this.#reports.flush();
    this.#writer.flush();
    this.#post({ results: buffer, urgent: urgent || this.#measured }, [buffer]);
  }

  dropped(lease: number): void {
    this.#post({ note: "dropped", lease }, []);
  }

  open(lease: number, item: number): void {
    this.#post({ note: "open", lease, item }, []);
  }

  stray(lease: number, item: number, text: string): void {
    this.#post({ note: "stray", lease, item, text: text.slice(0, MAX_STRAY_CHARACTERS) }, []);
  }

  afterwards(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  }

  collect(): void {
    collectGarbage();
  }

  warn(text: string): void {
    this.#console.warn(text);
  }

  noText(text: string): void {
    this.#reports.textless(text);
  }

  newTimer(): number | object {
    const timer = setTimeout(() => undefined, 0);
    clearTimeout(timer);
    return timer;
  }

  #load({ code, maxResult, measured }: LoadOrder): void {
    const module = { exports: {} as unknown };
    try {
      const { run, promised } = evaluate(code, functionApi(this.#reports), module);
      this.#runner = new Runner(run, this, maxResult, promised);
      this.#measured = measured;
      this.#post({ note: "loaded", context: contextOf(module.exports) }, []);
    } catch (error) {
      const why = !(error instanceof ExportError) ? "load" : error.wrong ? "shape" : "missing";
      const context = contextOf(module.exports);
      this.#post({ note: "broken", why, name: errorName(error), ...errorText(error), context }, []);
    }
  }

  /** Takes an error that nobody caught: a line for the owner of the device, and perhaps the end of the open item. */
  #uncaught(error: unknown): void {
    this.#console.error(`an error that nobody caught: ${errorText(error).message}`);
    this.#runner?.stray(error);
  }
}

/**
 * Evaluates the function's bundle.
 *
 * @param code body of a function with the parameters `module`, `exports` and `require`
 * @param api what it gets for `pando-computing`
 * @param module gets its exports, also those that are made before an error
 * @throws whatever the bundle throws, or an `ExportError`
 */
function evaluate(code: string, api: object, module: { exports: unknown }): Exported {
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
function contextOf(exports: unknown): Context | null {
  try {
    const context = Object(Object(exports).pando).context;
    return context === "page" || context === "worker" ? context : null;
  } catch {
    return null;
  }
}

/** Has garbage collected now, or gives the engine a reason to do so soon. */
function collectGarbage(): void {
  if (gc !== undefined) return gc();
  try {
    const ballast = new ArrayBuffer(BALLAST_BYTES);
    setTimeout(() => void ballast.byteLength, BALLAST_MS);
  } catch {
    // There is no room for it, so garbage was looked for.
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
