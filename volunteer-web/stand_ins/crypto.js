// browserify's, with what Node.js has in common with browsers since.
const browser = globalThis.crypto;

Object.assign(exports, require("crypto-browserify"), {
  webcrypto: browser,
  subtle: browser.subtle,
  getRandomValues: (array) => browser.getRandomValues(array),
  // Browsers have it in secure contexts only, and a page of the local network is none.
  randomUUID() {
    const bytes = browser.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
});
