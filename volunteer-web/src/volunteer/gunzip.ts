/** Unpacks the function's bundle. */

import { MAX_UNPACKED_BUNDLE_BYTES } from "../wire/constants.ts";

/**
 * Returns the text that `packed` holds.
 *
 * @throws {Error} it is not gzip of UTF-8, is too long, or this browser cannot unpack
 */
export async function gunzip(packed: Uint8Array<ArrayBuffer>): Promise<string> {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser is too old to unpack the function");
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let length = 0;
  let text = "";
  try {
    // Read by hand: not every browser can iterate over a stream.
    const reader = new Response(packed).body!.pipeThrough(new DecompressionStream("gzip")).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > MAX_UNPACKED_BUNDLE_BYTES) {
        reader.cancel();
        break;
      }
      text += decoder.decode(value, { stream: true });
    }
    if (length <= MAX_UNPACKED_BUNDLE_BYTES) text += decoder.decode();
  } catch (error) {
    throw new Error(`the function could not be unpacked: ${(error as Error).message}`);
  }
  if (length > MAX_UNPACKED_BUNDLE_BYTES) {
    throw new Error(`the function is longer than ${MAX_UNPACKED_BUNDLE_BYTES / 2 ** 20} MiB`);
  }
  return text;
}
