/** What can be known of a function before it is called: what it is, and whether it can call back. */

// deno-lint-ignore ban-types
type AnyFunction = Function;

/**
 * - `ordinary`: what it does is known when it is called
 * - `built-in`: of the engine, such as `parseInt`: its second parameter is no callback
 * - `class`, `generator`: what comes of calling it is no result
 */
export type FunctionKind = "ordinary" | "built-in" | "class" | "generator";

const CLASS = /^class(?=[\s{])\s*[^\s(]/;
/** The name tells them from bound functions and proxies, whose text is the same otherwise. */
const BUILT_IN = /^function [^\s(]+( [^\s(]+)?\(\)\s*\{\s*\[native code\]\s*\}$/;
/** The head of a function whose first two parameters are plain names: of any other nothing is said here. */
const TWO_NAMES =
  /^(?:async\b\s*)?(?:function\b\s*)?(?:[\w$]+|'[^'\\]*'|"[^"\\]*")?\s*\(\s*[\w$]+\s*,\s*([\w$]+)\s*(?=[,)])/;

/** A `return` with a value, or an arrow with one. */
const RETURNS = /\breturn\b\s*[^\s;}]|^\)\s*=>\s*[^\s{]/;

/** Returns what a function is. */
export function kindOf(value: AnyFunction): FunctionKind {
  const text = textOf(value);
  if (CLASS.test(text)) return "class";
  if (/Generator/.test(Object.prototype.toString.call(value))) return "generator";
  return BUILT_IN.test(text) && !String(value.name).startsWith("bound ") ? "built-in" : "ordinary";
}

/**
 * Returns whether a function can call its second parameter, as far as its text tells: one in whose text the name of that
 * parameter does not occur again cannot. `arguments` and `eval` reach it under other names.
 */
export function canCallBack(value: AnyFunction): boolean {
  const body = afterTwoNames(value);
  if (body === null) return true;
  const words = body.text.match(/[\w$]+/g) ?? [];
  return words.some((word) => word === body.callback || word === "arguments" || word === "eval");
}

/** Returns whether a function that cannot call back returns something instead, as far as its text tells. */
export function returnsInstead(value: AnyFunction): boolean {
  const body = afterTwoNames(value);
  return body !== null && !canCallBack(value) && RETURNS.test(body.text);
}

/** Returns the name of its second parameter and the text behind it; null if the head is not plain. */
function afterTwoNames(value: AnyFunction): { readonly callback: string; readonly text: string } | null {
  const text = textOf(value);
  const [head, callback] = TWO_NAMES.exec(text) ?? [];
  return head === undefined ? null : { callback, text: text.slice(head.length) };
}

/** Its text as the engine has it, whatever `toString` it has itself. */
function textOf(value: AnyFunction): string {
  return Function.prototype.toString.call(value);
}
