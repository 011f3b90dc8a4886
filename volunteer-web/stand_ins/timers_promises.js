const { setImmediate } = require("timers");

exports.setTimeout = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
exports.setImmediate = (value) => new Promise((resolve) => setImmediate(resolve, value));
exports.setInterval = async function* (ms, value) {
  for (;;) yield await exports.setTimeout(ms, value);
};
