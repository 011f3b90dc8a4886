/** How the function's bundle becomes a script, and what is the function's in stacks. */

/** The file that stacks name. */
export const SCRIPT_NAME = "pando-function.js";

// On the bundle's first line, so that line numbers of errors are those of the bundle.
const BEFORE = "(function (module, exports, require) {";

/** How many columns further right the bundle's first line is in the script. */
export const FIRST_LINE_SHIFT = BEFORE.length;

/**
 * Returns a script whose value is a function with the parameters `module`, `exports` and `require`.
 *
 * @param code the body of that function
 */
export function functionSource(code: string): string {
  return `${BEFORE}${code}\n})\n//# sourceURL=${SCRIPT_NAME}`;
}

/** The call in which the function's part of a stack ends: what is below it has to do with other items. */
export const BOTTOM_CALL = "pandoCallsTheFunction";

/** Calls the function. A method, since scripts are shipped without the names of their functions, but with those of members. */
export const bottom = {
  pandoCallsTheFunction<A, B, R>(itemFunction: (a: A, b: B) => R, item: A, callback: B): R {
    return itemFunction(item, callback);
  },
};
