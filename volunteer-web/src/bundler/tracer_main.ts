/**
 * Maps a stack of the function to the user's files: `tracer.js`, without arguments and without any permission.
 *
 * Reads one JSON object `{"map": …, "stack": …}` on stdin, the map being what the bundler returned, and prints
 * `{"stack": …, "calls": […]}`. Positions that the map does not know stay in the stack, and so do all if there is no use in
 * the map; the calls are those alone that the map knows to be in files. Input that is not such an object is one line on
 * stderr and the status 1.
 */

import { toJson } from "../wire/json.ts";
import { type Call, Tracer } from "./source_map.ts";

function traced(map: string, stack: string): { stack: string; calls: readonly Call[] } {
  try {
    const tracer = new Tracer(map);
    return { stack: tracer.stack(stack), calls: tracer.calls(stack) };
  } catch {
    return { stack, calls: [] };
  }
}

/** Returns the two texts, or null when `input` does not hold them. */
function parse(input: string): { map: string; stack: string } | null {
  try {
    const { map, stack } = JSON.parse(input);
    return typeof map === "string" && typeof stack === "string" ? { map, stack } : null;
  } catch {
    return null;
  }
}

const task = parse(await new Response(Deno.stdin.readable).text());
if (task === null) {
  console.error("The tracer takes a map and a stack.");
  Deno.exit(1);
}
console.log(toJson(traced(task.map, task.stack)));
