/** Globals of Deno's workers that a browser's workers do not have: a function must not come to need them. */
export const BEYOND_BROWSERS = [
  "Deno",
  "process",
  "Buffer",
  "global",
  "setImmediate",
  "clearImmediate",
  "alert",
  "confirm",
  "prompt",
] as const;
