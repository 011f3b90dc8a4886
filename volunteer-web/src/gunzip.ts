/** Unpacks the function's bundle. */

/** The longest bundle in bytes: a few kilobytes of gzip can hold gigabytes. */
const MAX_CODE = 64 * 1024 * 1024;

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
    for await (const chunk of new Response(packed).body!.pipeThrough(new DecompressionStream("gzip"))) {
      length += chunk.length;
      if (length > MAX_CODE) break;
      text += decoder.decode(chunk, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    throw new Error(`the function could not be unpacked: ${(error as Error).message}`);
  }
  if (length > MAX_CODE) throw new Error("the function is longer than 64 MiB");
  return text;
}
