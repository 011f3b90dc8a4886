/** A bundle of two files in which errors are thrown, for tests of stacks. */

import { outcomeOf } from "./bundling.ts";

const FILES = {
  "fn.js": `var lib = require('./lib/deep')
module.exports['/pando/1.0.0'] = function (x, cb) {
  if (x === 'back') return cb(new Error('called back'))
  if (x === 'later') return void setTimeout(() => { throw new Error('uncaught') })
  if (x === 'async') return (async () => { await null; lib.run(x) })()
  lib.run(x)
}
`,
  "lib/deep.js": `'use strict'
exports.run = function run(x) {
  return [x].map(function each(y) { throw new TypeError('deep ' + y) })
}
`,
};

let bundle: Promise<{ code: string; map: string }> | undefined;

/** Returns the bundle, which is made once. */
export function tracedBundle(): Promise<{ code: string; map: string }> {
  return bundle ??= outcomeOf(FILES, "fn.js");
}
