/**
 * Finds the function that a module exports.
 *
 * There are two contracts. In that of the original, a CommonJS module has a property `/pando/1.0.0`, which is a function
 * of two parameters, the item and a callback. In today's, there is a default export (or, in CommonJS, `module.exports` itself) that is
 * a function of one parameter and returns its result, or a promise of it. A default export of two parameters calls
 * back, and an ES module may use the name `/pando/1.0.0` too.
 */

import type { ItemFunction } from "./runner.ts";

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

/**
 * Returns the function of a module, as one that calls back.
 *
 * @param exports what the module left in `module.exports`
 * @throws {ExportError} there is none that can be called
 */
export function exportedFunction(exports: unknown): ItemFunction {
  const { [NAME]: named, default: default_, __esModule } = Object(exports);
  // ES modules, and what TypeScript and others make of them, carry this mark.
  const isToday = __esModule === true;
  if (named !== undefined) {
    if (isToday) return today(named, `Incompatible module, the export '${NAME}'`);
    if (typeof named !== "function" || named.length !== 2) throw new ExportError(SHAPE, true);
    return named as ItemFunction;
  }
  if (isToday) {
    if (default_ === undefined) throw new ExportError(MISSING_TODAY, false);
    return today(default_, "Incompatible module, the default export");
  }
  if (typeof exports !== "function") throw new ExportError(MISSING, false);
  return today(exports, "Incompatible module, module.exports");
}

function today(value: unknown, what: string): ItemFunction {
  if (typeof value !== "function" || value.length > 2) {
    throw new ExportError(`${what} ${SHAPE_TODAY}`, true);
  }
  return value.length === 2 ? value as ItemFunction : callingBack(value as (x: string) => unknown);
}

/** Makes a function that calls back from one that returns its result, or a promise of it. */
function callingBack(run: (x: string) => unknown): ItemFunction {
  return (x, callback) => {
    const result = run(x);
    if (!isThenable(result)) return callback(null, result);
    result.then(
      (value) => callback(null, value),
      // A reason that is nothing is a failure all the same; `true` declines the item, as in a callback.
      (reason) => callback(reason || { message: `rejected with ${String(reason)}` }),
    );
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}
