/**
 * Maps a stack of the function to the user's files: `tracer.js`, without arguments and without any permission.
 *
 * Reads one JSON object `{"map": …, "stack": …}` on stdin, the map being what the bundler returned, and prints
 * `{"stack": …}`. Positions that the map does not know stay, and so do all if there is no use in the map. Input that
 * is not such an object is one line on stderr and the status 1.
 */

import { toJson } from "../wire/json.ts";
import { Tracer } from "./source_map.ts";

function traced(map: string, stack: string): string {
  try {
    return new Tracer(map).stack(stack);
  } catch {
    return stack;
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
console.log(toJson({ stack: traced(task.map, task.stack) }));
