/**
 * Finds the function that a module exports.
 *
 * There are two contracts. In that of the original, a CommonJS module has a property `/pando/1.0.0`, which is a function
 * of two parameters, the item and a callback, and calls back. In today's, there is a default export (or, in CommonJS,
 * `module.exports` itself) that returns its result, or a promise of it; an ES module may use the name `/pando/1.0.0` too.
 * Such a function gets the callback as well if it has two parameters and uses the second one: then what it calls back
 * with is the result, or what its promise brings if that comes first. A value that it returns and that is no promise is
 * none: functions that call back return whatever they like, such as the number of a timer.
 */

import { forgotten, returnedInstead } from "./error_text.ts";
import { failureOf, isThenable } from "./returned_values.ts";
import type { ItemFunction, Promised } from "./runner.ts";
import { canCallBack, kindOf } from "./signature.ts";

const NAME = "/pando/1.0.0";
const MISSING = `Incompatible module, missing '${NAME}' property`;
const SHAPE = `Incompatible module, '${NAME}' property is not a function or does not expect two arguments`;
const MISSING_TODAY = `Incompatible module, missing a default export, or one named '${NAME}'`;
const SHAPE_TODAY = "is not a function of one argument, or of two of which the second is a callback";

/** The exports of a module have no function that can be called. */
export class ExportError extends Error {
  override name = "ExportError";
  /** Whether there is an export, but of the wrong shape; otherwise there is none. */
  readonly wrong: boolean;

  constructor(text: string, wrong: boolean) {
    super(text);
    this.wrong = wrong;
  }
}

/** What a module exports. */
export type Exported = {
  /** Calls back, or returns a promise of its result. */
  readonly run: ItemFunction;
  /** What it means that such a promise brings a value before the function has called back. */
  readonly promised: Promised;
};

/**
 * Returns the function of a module, as one that calls back.
 *
 * @param exports what the module left in `module.exports`
 * @throws {ExportError} there is none that can be called, or one that cannot give a result
 */
export function exportedFunction(exports: unknown): Exported {
  const { [NAME]: named, default: default_, __esModule } = Object(exports);
  // ES modules, and what TypeScript and others make of them, carry this mark.
  const isToday = __esModule === true;
  if (named !== undefined) {
    if (isToday) return today(named, `Incompatible module, the export '${NAME}'`);
    return { run: original(named), promised: "mistake" };
  }
  if (isToday) {
    if (default_ === undefined) throw new ExportError(MISSING_TODAY, false);
    return today(default_, "Incompatible module, the default export");
  }
  if (typeof exports !== "function") throw new ExportError(MISSING, false);
  return today(exports, "Incompatible module, module.exports");
}

function original(value: unknown): ItemFunction {
  if (typeof value !== "function" || value.length !== 2) throw new ExportError(SHAPE, true);
  refuseOtherKinds(value, `Incompatible module, '${NAME}' property`);
  return canCallBack(value) ? value as ItemFunction : complaining(value as (x: string) => unknown);
}

function today(value: unknown, what: string): Exported {
  if (typeof value !== "function") throw new ExportError(`${what} ${SHAPE_TODAY}`, true);
  refuseOtherKinds(value, what);
  if (value.length > 2 && kindOf(value) !== "built-in") throw new ExportError(`${what} ${SHAPE_TODAY}`, true);
  if (value.length === 2 && canCallBack(value)) return { run: value as ItemFunction, promised: "result" };
  const mayForget = value.length === 2 && kindOf(value) !== "built-in";
  return { run: callingBack(value as (x: string) => unknown, mayForget), promised: "result" };
}

/** @throws {ExportError} it can be called, but what comes of that is no result */
// deno-lint-ignore ban-types
function refuseOtherKinds(value: Function, what: string): void {
  const kind = kindOf(value);
  if (kind === "class") throw new ExportError(`${what} is a class, and not a function`, true);
  if (kind === "generator") {
    throw new ExportError(
      `${what} is a generator function, and not one that calls back or returns its result`,
      true,
    );
  }
}

/**
 * Makes a function that calls back from one that returns its result, or a promise of it.
 *
 * @param mayForget whether it has a second parameter that it does not use: if nothing comes back of it either, it may have
 *   been meant to call back, and nothing is no result
 */
function callingBack(run: (x: string) => unknown, mayForget: boolean): ItemFunction {
  return (x, callback) => {
    const result = run(x);
    const take = (value: unknown) =>
      mayForget && value === undefined ? callback(forgotten()) : callback(null, value);
    if (!isThenable(result)) return take(result);
    result.then(
      take,
      // `true` declines the item, as in a callback.
      (reason) => callback(failureOf(reason)),
    );
  };
}

/** Makes a function that fails on each item of one that has to call back, cannot, and returns something instead. */
function complaining(run: (x: string) => unknown): ItemFunction {
  return (x, callback) => {
    const result = run(x);
    const complain = (value: unknown) => value === undefined ? undefined : callback(returnedInstead(value));
    if (isThenable(result)) result.then(complain, (reason) => callback(failureOf(reason)));
    else complain(result);
  };
}
