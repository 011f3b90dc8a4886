/** Source maps that a script brings with it, made by whoever wrote it. */

import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const COMMENT = /(\/[/*])[#@](\s*sourceMappingURL=)(\S+)/g;

/**
 * Returns a script without the mention of a source map whose files are not there: what is published is often only the
 * outcome. Its own lines then count, which the user can look at.
 *
 * @param path of the script
 */
export function withUsableMap(text: string, path: string): string {
  if (!text.includes("sourceMappingURL=")) return text;
  return text.replace(
    COMMENT,
    (comment, begin, name, url) =>
      isUsable(url.replace(/\*\/$/, ""), path) ? comment : `${begin} ${name}${url}`,
  );
}

function isUsable(url: string, path: string): boolean {
  try {
    const isInside = url.startsWith("data:");
    const file = isInside ? path : join(dirname(path), decodeURIComponent(url));
    const { sources, sourceRoot = "" } = JSON.parse(isInside ? dataOf(url) : readFileSync(file, "utf8"));
    return sources.every((source: string) => isFile(dirname(file), sourceRoot, source));
  } catch {
    return false;
  }
}

function dataOf(url: string): string {
  const [, isBase64, data] = url.match(/^data:[^,]*?(;base64)?,(.*)$/)!;
  return isBase64 ? new TextDecoder().decode(Uint8Array.fromBase64(data)) : decodeURIComponent(data);
}

function isFile(folder: string, root: string, source: string): boolean {
  const name = root === "" ? source : `${root.replace(/\/$/, "")}/${source}`;
  try {
    return statSync(name.startsWith("file:") ? fileURLToPath(name) : join(folder, name)).isFile();
  } catch {
    return false;
  }
}
