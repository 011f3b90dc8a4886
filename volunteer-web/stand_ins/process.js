// browserify's, but for `nextTick`: a timer for each tick makes streams, and so zlib, a hundred times slower.
const process = module.exports = require("process/browser");

process.nextTick = (callback, ...values) => queueMicrotask(() => callback(...values));
