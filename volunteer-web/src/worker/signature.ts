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
  if (kindOf(value) === "built-in") return false;
  const text = textOf(value);
  const [head, callback] = TWO_NAMES.exec(text) ?? [];
  if (head === undefined) return true;
  const words = text.slice(head.length).match(/[\w$]+/g) ?? [];
  return words.some((word) => word === callback || word === "arguments" || word === "eval");
}

/** Its text as the engine has it, whatever `toString` it has itself. */
function textOf(value: AnyFunction): string {
  return Function.prototype.toString.call(value);
}
