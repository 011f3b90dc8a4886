// Those of the worker, and the two that browsers lack. The usual stand-in for these speaks to the global scope with
// `postMessage`, which a worker keeps for itself.
const waiting = new Map();
const { port1, port2 } = new MessageChannel();
let last = 0;

port1.onmessage = ({ data }) => {
  const call = waiting.get(data);
  waiting.delete(data);
  call?.();
};

module.exports = {
  setTimeout: (...values) => globalThis.setTimeout(...values),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  setInterval: (...values) => globalThis.setInterval(...values),
  clearInterval: (timer) => globalThis.clearInterval(timer),
  setImmediate(callback, ...values) {
    waiting.set(++last, () => callback(...values));
    port2.postMessage(last);
    return last;
  },
  clearImmediate: (immediate) => void waiting.delete(immediate),
};
