/** What is said to the client about an error of the function. */

import { withAdvice } from "./missing_globals.ts";
import { withReach } from "./out_of_reach.ts";
import { BOTTOM_CALL, SCRIPT_NAME } from "./script.ts";

/** A control character takes six bytes in JSON: with these an error stays below `MAX_ERROR_BYTES`. */
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_STACK_CHARACTERS = 8_000;
const MAX_NAME_CHARACTERS = 100;

/** A message and a stack, as errors are told to the client. */
export type ErrorText = { readonly message: string; readonly stack: string };

/** Returns what can be said about anything that was thrown; never throws itself. */
export function errorText(error: unknown): ErrorText {
  try {
    const { message, stack } = (typeof error === "object" && error !== null ? error : {}) as Partial<
      ErrorText
    >;
    return {
      message: withReach(withAdvice(errorName(error), String(message ?? error))).slice(
        0,
        MAX_MESSAGE_CHARACTERS,
      ),
      stack: ofFunction(String(stack ?? "").slice(0, MAX_STACK_CHARACTERS)),
    };
  } catch {
    return { message: "an error that cannot be shown", stack: "" };
  }
}

/** Returns the name of an error, or an empty text if it has none; never throws itself. */
export function errorName(error: unknown): string {
  try {
    return typeof error === "object" && error !== null
      ? String((error as Error).name ?? "").slice(0, MAX_NAME_CHARACTERS)
      : "";
  } catch {
    return "";
  }
}

/** Returns what is said about a result of more than `maxResult` bytes. */
export function tooLong(maxResult: number): ErrorText {
  const mebibytes = maxResult / (1024 * 1024);
  const size = Number.isInteger(mebibytes) ? `${mebibytes} MiB` : `${maxResult} bytes`;
  return { message: `the result is longer than ${size}`, stack: "" };
}

/** Returns the stack without the lines behind the function's last: those are about the worker, and about other items. */
function ofFunction(whole: string): string {
  const bottom = whole.indexOf(BOTTOM_CALL);
  const stack = bottom < 0 ? whole : whole.slice(0, whole.lastIndexOf("\n", bottom) + 1);
  const last = stack.lastIndexOf(SCRIPT_NAME);
  return last < 0 ? stack : stack.slice(0, last) + stack.slice(last).split("\n", 1)[0];
}
