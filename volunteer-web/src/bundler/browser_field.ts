/** Looks at what packages say about browsers in their `package.json`. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const fields = new Map<string, Readonly<Record<string, unknown>>>();

/** Whether the package that `folder` belongs to names something else, or nothing, in the place of `module`. */
export function replaces(folder: string, module: string): boolean {
  return Object.hasOwn(browserField(folder), module);
}

function browserField(folder: string): Readonly<Record<string, unknown>> {
  let field = fields.get(folder);
  if (field === undefined) {
    const parent = dirname(folder);
    field = readField(join(folder, "package.json")) ?? (parent === folder ? {} : browserField(parent));
    fields.set(folder, field);
  }
  return field;
}

/** Returns the field `browser` of a package, empty if it is no map; null if there is no package. */
function readField(file: string): Readonly<Record<string, unknown>> | null {
  try {
    const { browser } = JSON.parse(readFileSync(file, "utf8"));
    return typeof browser === "object" && browser !== null ? browser : {};
  } catch {
    // Not there, or not a package: esbuild itself complains of what is broken.
    return null;
  }
}
