/**
 * Node.js's built-in modules that functions may require, each with what stands in for it: a package of browserify's
 * (those that its users had), or a file of ours in `stand_ins/`.
 */
export const STAND_INS: Readonly<Record<string, string>> = {
  "assert": "assert/",
  "assert/strict": "./assert_strict.js",
  "buffer": "buffer/",
  "console": "./console.js",
  "constants": "./constants.js",
  "crypto": "./crypto.js",
  "domain": "domain-browser",
  "events": "events/",
  "http": "stream-http",
  "https": "https-browserify",
  "os": "os-browserify/browser",
  "path": "path-browserify",
  "path/posix": "./path_posix.js",
  "perf_hooks": "./perf_hooks.js",
  "process": "./process.js",
  "punycode": "punycode/",
  "querystring": "./querystring.js",
  "stream": "stream-browserify",
  "stream/promises": "./stream_promises.js",
  "string_decoder": "string_decoder/",
  "sys": "./sys.js",
  "timers": "./timers.js",
  "timers/promises": "./timers_promises.js",
  "tty": "tty-browserify",
  "url": "url/",
  "util": "util/",
  "util/types": "./util_types.js",
  "vm": "vm-browserify",
  "zlib": "browserify-zlib",
};

/** Globals of Node.js that browsers lack, with the module that each comes from and its name there. */
export const GLOBALS: Readonly<Record<string, readonly [module: string, name: string]>> = {
  Buffer: ["buffer", "Buffer"],
  process: ["process", "default"],
  setImmediate: ["timers", "setImmediate"],
  clearImmediate: ["timers", "clearImmediate"],
};

/** Returns the name of the file that holds what stands in for a module. */
export function standInFile(module: string): string {
  return `${module.replace("/", "_")}.js`;
}
