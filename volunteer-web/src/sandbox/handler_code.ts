/** Makes functions of the texts of attributes such as `onclick`. */

/** Taken before there is a function that could put something else in its place. */
const NativeFunction = Function;

/**
 * Returns the function that the text of a handler's attribute stands for
 * (https://html.spec.whatwg.org/#getting-the-current-value-of-the-event-handler).
 *
 * @param code the text
 * @param parameters names of what it is called with
 * @param scopes objects whose properties its free names mean, the last one before the others
 * @throws {SyntaxError} it is not the body of a function
 */
export function handlerFunction(
  code: string,
  parameters: readonly string[],
  scopes: readonly object[],
): (...values: unknown[]) => unknown {
  // By itself, because `} {` is no body, and would be none the less right between the braces below.
  new NativeFunction(...parameters, code);
  const within = scopes.map((_, i) => `with (arguments[${i}]) `).join("");
  return new NativeFunction(`${within}return function (${parameters.join()}) {\n${code}\n}`)(...scopes);
}

/** Returns the script that a `javascript:` address holds, or null if the address is another one. */
export function scriptOf(address: string): string | null {
  const [, script] = address.match(/^\s*javascript:(.*)$/is) ?? [];
  if (script === undefined) return null;
  try {
    return decodeURIComponent(script);
  } catch {
    return script;
  }
}
