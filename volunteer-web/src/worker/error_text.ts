/** What is said to the client about an error of the function. */

import { inspect } from "./inspect.ts";
import { withAdvice } from "./missing_globals.ts";
import { withReach } from "./out_of_reach.ts";
import { BOTTOM_CALL, SCRIPT_NAME } from "./script.ts";

/** A control character takes six bytes in JSON: with these an error stays below `MAX_ERROR_BYTES`. */
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_STACK_CHARACTERS = 8_000;
const MAX_NAME_CHARACTERS = 100;
/** Of the errors in an error: so many beside each other, and so deep. */
const MAX_INNER = 3;
const MAX_DEPTH = 3;
/** What engines say when a function calls a callback that it did not get: one of two parameters gets it. */
const NO_CALLBACK = /^(?:cb|callback|done|next|\w+\[[01]\]) is not a function/;
/** Of a value that is named in a message. */
const MAX_SHOWN_CHARACTERS = 60;
const RETURN_ADVICE =
  "'/pando/1.0.0' takes a function that calls cb(null, result); one that returns its result is a default export";
const CALLBACK_ADVICE =
  "the callback is the second of exactly two parameters, (x, cb), without default values";

/** A message and a stack, as errors are told to the client. */
export type ErrorText = { readonly message: string; readonly stack: string };

/** Returns what can be said about anything that was thrown; never throws itself. */
export function errorText(error: unknown): ErrorText {
  try {
    const stack = isObject(error) ? String(error.stack ?? "") : "";
    return {
      message: withReach(advised(errorName(error), reasonOf(error, 0))).slice(0, MAX_MESSAGE_CHARACTERS),
      stack: ofFunction(stack.slice(0, MAX_STACK_CHARACTERS)),
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

/** Returns what is said about a function of the original's form that returns a value and does not call back. */
export function returnedInstead(value: unknown): ErrorText {
  const shown = inspect(value, MAX_SHOWN_CHARACTERS);
  return { message: `the function returned ${shown} and did not call back: ${RETURN_ADVICE}`, stack: "" };
}

/** Returns what is said about a function that neither uses its second parameter nor returns anything. */
export function forgotten(): ErrorText {
  const message = "the function returned nothing, and does not use its second parameter, which calls back";
  return { message, stack: "" };
}

/** Returns what is said about a result of which `String` makes no text. */
export function notPrintable(thrown: unknown): ErrorText {
  const { message, stack } = errorText(thrown);
  return { message: `the result cannot be printed: ${message}`.slice(0, MAX_MESSAGE_CHARACTERS), stack };
}

/** What errors have, and whatever else is thrown may have. */
type Thrown = {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
};

/** Returns the reason of anything that was thrown; `depth` is how many errors it is in. */
function reasonOf(error: unknown, depth: number): string {
  if (error === "") return "an empty text";
  if (!isObject(error)) return inspect(error, MAX_MESSAGE_CHARACTERS);
  const { message, cause, errors } = error;
  const said = typeof message === "string" ? message.slice(0, MAX_MESSAGE_CHARACTERS) : "";
  if (said === "" && !isError(error)) return inspect(error, MAX_MESSAGE_CHARACTERS);
  const inner = depth < MAX_DEPTH && Array.isArray(errors) ? innerReasons(errors, depth + 1) : "";
  const causeText = depth < MAX_DEPTH && cause !== undefined ? reasonOf(cause, depth + 1) : "";
  // Many repeat in their message what caused them.
  const because = causeText === "" || said.includes(causeText) ? "" : ` (cause: ${causeText})`;
  return (said || headOf(error, inner + because)) + inner + because;
}

function advised(name: string, reason: string): string {
  if (name === "TypeError" && NO_CALLBACK.test(reason)) return `${reason}: ${CALLBACK_ADVICE}`;
  return withAdvice(name, reason);
}

/** Returns what names an error without a message: its class, and what else it carries. */
function headOf(error: Thrown, rest: string): string {
  const { name: _name, message: _message, stack: _stack, cause: _cause, errors: _errors, ...more } = error;
  const name = errorName(error) || "Error";
  if (Object.keys(more).length > 0) return `${name} ${inspect(more, MAX_MESSAGE_CHARACTERS)}`;
  return rest === "" ? `${name}, without a message` : name;
}

function innerReasons(errors: readonly unknown[], depth: number): string {
  if (errors.length === 0) return "";
  const reasons = errors.slice(0, MAX_INNER).map((error) => reasonOf(error, depth));
  if (errors.length > MAX_INNER) reasons.push(`… ${errors.length - MAX_INNER} more`);
  return `: ${reasons.join("; ")}`;
}

/** Whether it is an error of this realm or of another, or one of the browser's. */
function isError(value: object): boolean {
  return value instanceof Error ||
    /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value));
}

function isObject(value: unknown): value is Thrown {
  return typeof value === "object" && value !== null;
}

/** Returns the stack without the lines behind the function's last: those are about the worker, and about other items. */
function ofFunction(whole: string): string {
  const bottom = whole.indexOf(BOTTOM_CALL);
  const stack = bottom < 0 ? whole : whole.slice(0, whole.lastIndexOf("\n", bottom) + 1);
  const last = stack.lastIndexOf(SCRIPT_NAME);
  return last < 0 ? stack : stack.slice(0, last) + stack.slice(last).split("\n", 1)[0];
}
