// browserify's, with what packages touch since, mostly while they load. Nothing in it says that this is Node.js, so
// `versions.node` is not there: whoever finds it goes on with modules that volunteers do not have.
const process = module.exports = require("process/browser");

/** What `write` keeps until its line ends. */
const MAX_LINE = 4000;
const started = performance.now();

/** Gives an object the methods of an emitter; the module `events` is larger than all the rest of this. */
function emitter(object) {
  let heard = [];
  const named = (name) => heard.filter((one) => one.name === name);
  const add = (name, listener, isOnce, isFirst) => {
    heard = isFirst ? [{ name, listener, isOnce }, ...heard] : [...heard, { name, listener, isOnce }];
    return object;
  };
  const on = (name, listener) => add(name, listener, false, false);
  const off = (name, listener) => {
    const last = heard.findLastIndex((one) => one.name === name && one.listener === listener);
    heard = heard.filter((_, i) => i !== last);
    return object;
  };
  return Object.assign(object, {
    on,
    off,
    addListener: on,
    removeListener: off,
    once: (name, listener) => add(name, listener, true, false),
    prependListener: (name, listener) => add(name, listener, false, true),
    prependOnceListener: (name, listener) => add(name, listener, true, true),
    removeAllListeners(name) {
      heard = name === undefined ? [] : heard.filter((one) => one.name !== name);
      return object;
    },
    emit(name, ...values) {
      const told = named(name);
      heard = heard.filter((one) => !one.isOnce || one.name !== name);
      for (const { listener } of told) listener.apply(object, values);
      return told.length > 0;
    },
    listeners: (name) => named(name).map(({ listener }) => listener),
    rawListeners: (name) => named(name).map(({ listener }) => listener),
    listenerCount: (name) => named(name).length,
    eventNames: () => [...new Set(heard.map(({ name }) => name))],
    setMaxListeners: () => object,
    getMaxListeners: () => 0,
  });
}

/** Returns a stream that goes to the console, line by line. */
function lines(fd, log) {
  let line = "";
  let timer = null;
  const flush = () => {
    clearTimeout(timer);
    timer = null;
    if (line !== "") log(line);
    line = "";
  };
  const write = (chunk, encoding, callback) => {
    const parts = (line + textOf(chunk)).split("\n");
    line = parts.pop();
    for (const part of parts) log(part);
    if (line.length > MAX_LINE) flush();
    // The rest of a line may never come.
    if (line !== "") timer ??= setTimeout(flush, 100);
    const written = [encoding, callback].find((value) => typeof value === "function");
    if (written !== undefined) queueMicrotask(written);
    return true;
  };
  const stream = Object.assign(emitter({}), {
    fd,
    isTTY: false,
    writable: true,
    writableLength: 0,
    writableHighWaterMark: 16384,
    write,
    // The console goes on: a program's streams cannot be closed either.
    end(...values) {
      if (values.length > 0 && typeof values[0] !== "function") write(...values);
      const ended = values.find((value) => typeof value === "function");
      if (ended !== undefined) queueMicrotask(ended);
      queueMicrotask(() => stream.emit("finish"));
      return stream;
    },
    cork() {},
    uncork() {},
    destroy: () => stream,
    setDefaultEncoding: () => stream,
    getColorDepth: () => 1,
    hasColors: () => false,
  });
  return stream;
}

function textOf(chunk) {
  return ArrayBuffer.isView(chunk) ? new TextDecoder().decode(chunk) : String(chunk);
}

/** Returns a stream at whose end one is. */
function nothing() {
  const stream = Object.assign(emitter({}), {
    fd: 0,
    isTTY: false,
    readable: true,
    read: () => null,
    pipe(to) {
      stream.once("end", () => to.end());
      stream.resume();
      return to;
    },
    resume() {
      queueMicrotask(() => {
        if (stream.readable) stream.emit("end");
        stream.readable = false;
      });
      return stream;
    },
  });
  for (const name of ["pause", "setEncoding", "setRawMode", "unpipe", "ref", "unref", "destroy"]) {
    stream[name] = () => stream;
  }
  const { on } = stream;
  // As in Node.js, to listen is to begin.
  stream.on = stream.addListener = (name, listener) => {
    on(name, listener);
    return name === "data" || name === "readable" ? stream.resume() : stream;
  };
  return stream;
}

/** Returns a function for what cannot be done here. */
function refusing(name, why) {
  return () => {
    throw new Error(`process.${name} is not there: ${why}`);
  };
}

function hrtime(since) {
  const ms = performance.now();
  const seconds = Math.floor(ms / 1000);
  const nanoseconds = Math.floor((ms % 1000) * 1e6);
  if (since === undefined) return [seconds, nanoseconds];
  const borrow = nanoseconds < since[1] ? 1 : 0;
  return [seconds - since[0] - borrow, nanoseconds - since[1] + borrow * 1e9];
}
hrtime.bigint = () => BigInt(Math.floor(performance.now() * 1e6));

function memoryUsage() {
  // Of pages of Chromium; others do not say.
  const { usedJSHeapSize = 0, totalJSHeapSize = 0 } = performance.memory ?? {};
  const heap = { heapTotal: totalJSHeapSize, heapUsed: usedJSHeapSize };
  return { rss: totalJSHeapSize, ...heap, external: 0, arrayBuffers: 0 };
}
memoryUsage.rss = () => memoryUsage().rss;

/** A thread that computes does nothing else, as far as one can see from inside. */
function cpuUsage(since = { user: 0, system: 0 }) {
  return { user: Math.floor((performance.now() - started) * 1000) - since.user, system: 0 - since.system };
}

function emitWarning(warning, type, code) {
  const options = typeof type === "object" && type !== null ? type : { type, code };
  const error = warning instanceof Error ? warning : new Error(String(warning));
  if (!(warning instanceof Error)) error.name = String(options.type ?? "Warning");
  if (typeof options.code === "string") error.code = options.code;
  if (process.noDeprecation && error.name === "DeprecationWarning") return;
  console.warn(`${error.code === undefined ? "" : `[${error.code}] `}${error.name}: ${error.message}`);
  process.nextTick(() => process.emit("warning", error));
}

// Listeners are kept, although a function has neither signals nor an exit.
emitter(process);

const streams = {
  stdin: nothing(),
  // Not `console` itself: the function may put another in its place.
  stdout: lines(1, (line) => console.log(line)),
  stderr: lines(2, (line) => console.error(line)),
};

Object.assign(process, streams, {
  hrtime,
  memoryUsage,
  cpuUsage,
  emitWarning,
  // A timer for each tick makes streams, and so zlib, a hundred times slower.
  nextTick: (callback, ...values) => queueMicrotask(() => callback(...values)),
  env: { NODE_ENV: "production" },
  argv: ["/pando", "/index.js"],
  argv0: "pando",
  execArgv: [],
  execPath: "/pando",
  // Of a Node.js with the language that volunteers have: packages compare it, or take it apart.
  version: "v22.0.0",
  versions: {},
  // As the module `os` says.
  platform: "browser",
  arch: "javascript",
  pid: 1,
  ppid: 0,
  exitCode: undefined,
  release: { name: "browser" },
  config: { target_defaults: {}, variables: {} },
  features: { inspector: false, debug: false, uv: false, ipv6: false, tls: false, typescript: false },
  allowedNodeEnvironmentFlags: new Set(),
  connected: false,
  domain: null,
  uptime: () => (performance.now() - started) / 1000,
  resourceUsage: () => ({ userCPUTime: cpuUsage().user, systemCPUTime: 0, maxRSS: 0 }),
  availableMemory: () => 0,
  constrainedMemory: () => 0,
  getActiveResourcesInfo: () => [],
  hasUncaughtExceptionCaptureCallback: () => false,
  setUncaughtExceptionCaptureCallback() {},
  setSourceMapsEnabled() {},
  exit: refusing("exit", "a function ends an item by its result or an error, and its volunteer goes on"),
  abort: refusing("abort", "a function ends an item by its result or an error, and its volunteer goes on"),
  kill: refusing("kill", "a function has no processes"),
  chdir: refusing("chdir", "a function has no files"),
  binding: refusing("binding", "it is the inside of Node.js"),
});
