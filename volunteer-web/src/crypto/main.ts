/** What the page loads only where it has to check something: `crypto.js`, beside `page.js`. */

export { holds } from "./signature.ts";
