/** What a function wanted and could not have at a volunteer: an error about it says what to do. Pure. */

const FILE =
  "a file beside a module or a package does not come along by itself; import it with { type: 'bytes' } and hand over its bytes";

/** A name that is one of a file, and not an address that somebody gave to the function. */
const NAME = "['\"]?[\\w@./-]+\\.(?:wasm|data|mem|bin|dat|onnx|model|json|m?js|txt|gz)\\b['\"]?";

/** What engines, and those who pack scripts, say when a script asks for a file beside itself. */
const FILES: readonly RegExp[] = [
  // `fetch("x.wasm")` and `new URL("x.wasm")` in Chromium, Firefox, Deno, Safari.
  new RegExp(`Failed to parse URL from ${NAME}$`),
  new RegExp(`^(?:[\\w.]+\\.fetch|URL constructor): ${NAME} is not a valid URL`),
  new RegExp(`^Invalid URL: ${NAME}`),
  new RegExp(`^${NAME} cannot be parsed as a URL`),
  // A file of Node.js's.
  /\b(?:readFile|readFileSync|createReadStream|openSync)\)? is not a function/,
  // Emscripten, webpack.
  /both async and sync fetching of the wasm failed/,
  /^Automatic publicPath is not supported/,
  /^Loading chunk .* failed/,
];
/** Of Deno: the host that was asked for. */
const HOST = /^Requires net access to "([^"]+)"/;

/** Returns the message of an error: in our words where the engine speaks of options of its own, and with advice. */
export function withReach(message: string): string {
  const [, host] = message.match(HOST) ?? [];
  if (host !== undefined) return `the function may not reach ${host}; --allow-net=HOSTS says what it may`;
  if (message.startsWith("Requires read access to ")) return FILE;
  return FILES.some((file) => file.test(message)) ? `${message}: ${FILE}` : message;
}
