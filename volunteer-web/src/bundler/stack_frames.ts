/** The lines of a stack, as the engines write them. Pure. */

/** The end of the name that engines give to the function itself, unless it has one. */
const EXPORT = /\/pando\/1\.0\.0(?:["']?\])?$/;
/** Names that engines make up for what has none. */
const NO_NAME = /^(?:<?anonymous>?|eval|eval code|module code|global code|Object\.<anonymous>|.*\.eval)$/;
/** A bundle has functions round its modules, called as their files are. */
const MODULE = /\/[^/]*\.(?:[cm]?[jt]sx?|json)$/;
/** Objects that say nothing: those of timers and exports, which bundles number. */
const RECEIVER = /^(?:(?:Object|Timeout|Function|Module|exports\d*|module\d*\.exports)\.)+(?=[\w$#]+$)/;
const MAX_LINES = 200;
/** A line that is longer is not looked at: a volunteer may send anything as a stack. */
const MAX_LINE_CHARACTERS = 1000;
const MAX_NAME_CHARACTERS = 100;

/** A call: what was called, empty if it has no name, and where it stood then, in the engine's words. */
export type StackLine = { readonly name: string; readonly place: string };

/** Returns the calls of a stack, the last one first: `at name (place)` in V8, `name@place` in Firefox and Safari. */
export function stackLines(stack: string): StackLine[] {
  const lines = stack.split("\n", MAX_LINES).filter((line) => line.length <= MAX_LINE_CHARACTERS);
  return lines.flatMap((line) => callOf(line.trim()) ?? []);
}

function callOf(line: string): StackLine | null {
  if (line.startsWith("at ")) {
    const call = line.slice(3).replace(/^async /, "");
    const open = call.indexOf(" (");
    return open < 0 ? { name: "", place: call } : {
      name: named(call.slice(0, open)),
      place: call.slice(open + 2).replace(/\)$/, ""),
    };
  }
  const at = line.indexOf("@");
  return at < 0 ? null : { name: named(line.slice(0, at)), place: line.slice(at + 1) };
}

/** Returns the name as people know it: engines say round it how the call came about, and on what object. */
function named(name: string): string {
  // "setTimeout handler*f", "f/<" in Firefox; "Timeout.f [as _onTimeout]" in V8.
  const plain = name.slice(name.lastIndexOf("*") + 1).replace(/[/<]+$/, "").replace(/ \[as [^\]]*\]$/, "");
  if (EXPORT.test(plain) || NO_NAME.test(plain) || MODULE.test(plain)) return "";
  return plain.slice(plain.lastIndexOf("/") + 1).replace(RECEIVER, "").slice(0, MAX_NAME_CHARACTERS);
}
