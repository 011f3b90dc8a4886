/** The sources of the page as a graph of modules, and the rules that the graph keeps. */

import { dirname, join, normalize } from "node:path/posix";

/** Texts of modules by their paths below `src/`. */
export type Sources = ReadonlyMap<string, string>;

/** One import: `from` and `to` are paths below `src/`, but `to` is a specifier where it names no file. */
export type Import = { readonly from: string; readonly to: string; readonly isType: boolean };

/** The folders of `src/`, upper layers first. A module imports from its own folder and from lower layers only. */
export const LAYERS: readonly (readonly string[])[] = [
  ["page", "headless", "bundler", "monitor"],
  ["sandbox", "volunteer"],
  ["pool"],
  ["worker", "connect", "crypto"],
  ["wire"],
];

/**
 * Modules that do no I/O and read no clock: what they know is given to them. A name that ends with a slash stands for
 * a whole folder.
 */
export const CORES: readonly string[] = [
  "wire/",
  "volunteer/session.ts",
  "volunteer/attempts.ts",
  "volunteer/reason.ts",
  "connect/ice_errors.ts",
  "worker/runner.ts",
  "worker/returned_values.ts",
  "worker/signature.ts",
  "worker/lease_items.ts",
  "worker/batch.ts",
  "worker/open_item.ts",
  "worker/error_text.ts",
  "worker/inspect.ts",
  "worker/line_limit.ts",
  "worker/missing_globals.ts",
  "worker/out_of_reach.ts",
  "worker/script.ts",
];

const SRC = new URL("../../src/", import.meta.url);

/** Returns the sources as they are on the disk. */
export async function readSources(): Promise<Sources> {
  const sources = new Map<string, string>();
  for await (const folder of Deno.readDir(SRC)) {
    for await (const { name } of Deno.readDir(new URL(`${folder.name}/`, SRC))) {
      const path = `${folder.name}/${name}`;
      sources.set(path, await Deno.readTextFile(new URL(path, SRC)));
    }
  }
  return sources;
}

/** Returns the sources with `text` added at the end of the module at `path`. */
export function withAddition(sources: Sources, path: string, text: string): Sources {
  const before = sources.get(path);
  if (before === undefined) throw new Error(`there is no module ${path}`);
  return new Map([...sources, [path, `${before}\n${text}\n`]]);
}

/** Whether a module is a core. */
export function isCore(path: string): boolean {
  return CORES.some((core) => core.endsWith("/") ? path.startsWith(core) : path === core);
}

/** Returns all imports of all modules, type imports and re-exports included. */
export function importsOf(sources: Sources): Import[] {
  const statement = /^(?:import|export)\s+(type\s)?(?:[^;"]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...sources].flatMap(([from, text]) =>
    [...text.matchAll(statement)].map(([, type, static_, dynamic]) => {
      const specifier = static_ ?? dynamic;
      const to = specifier.startsWith(".") ? normalize(join(dirname(from), specifier)) : specifier;
      return { from, to, isType: type !== undefined };
    })
  );
}

/** Returns the imports that point upwards, or to the side, in the layers of the folders. */
export function layerBreaches(sources: Sources): string[] {
  const layerOf = (path: string) => LAYERS.findIndex((folders) => folders.includes(path.split("/")[0]));
  return importsOf(sources)
    .filter(({ to }) => sources.has(to))
    .filter(({ from, to }) => dirname(from) !== dirname(to) && layerOf(from) >= layerOf(to))
    .map(({ from, to }) => `${from} imports ${to}`);
}

/** Returns the modules that import each other in a circle, directly or not; type imports count. */
export function circles(sources: Sources): string[] {
  const targets = new Map([...sources.keys()].map((path) => [path, [] as string[]]));
  for (const { from, to } of importsOf(sources)) if (sources.has(to)) targets.get(from)!.push(to);
  // What imports nothing that is left is in no circle.
  for (let removed = true; removed;) {
    removed = false;
    for (const [path, imports] of targets) {
      if (imports.some((to) => targets.has(to))) continue;
      targets.delete(path);
      removed = true;
    }
  }
  return [...targets.keys()];
}

/** Returns the imports with which a core reaches what is no core, and its uses of dates and random numbers. */
export function coreBreaches(sources: Sources): string[] {
  const imports = importsOf(sources)
    // A type is gone when the program runs; that it names nothing of a browser is checked by `impureNames`.
    .filter(({ from, to, isType }) => isCore(from) && !isCore(to) && !(isType && sources.has(to)))
    .map(({ from, to }) => `${from} imports ${to}`);
  const uses = [...sources].filter(([path]) => isCore(path)).flatMap(([path, text]) =>
    [...text.matchAll(/\b(?:Date|Math\.random)\b/g)].map(([name]) => `${path} uses ${name}`)
  );
  return [...imports, ...uses];
}

/** All that cores use beside the language itself. */
const ENCODING = `
declare global {
  class TextEncoder {
    encode(text: string): Uint8Array<ArrayBuffer>;
    encodeInto(text: string, to: Uint8Array): { read: number; written: number };
  }
  class TextDecoder {
    constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
    decode(bytes: Uint8Array): string;
  }
}
`;

/**
 * Checks the types of all cores where nothing but the language is known: no timers, no DOM, no Deno, no console.
 *
 * @returns what the compiler does not know, one text for each name; empty if it knows everything
 */
export async function impureNames(sources: Sources): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [path, text] of sources) {
      await Deno.mkdir(`${folder}/${dirname(path)}`, { recursive: true });
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    const options = { lib: ["esnext"], strict: true };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ compilerOptions: options }));
    const cores = [...sources.keys()].filter(isCore).map((path) => `import "./${path}";\n`);
    await Deno.writeTextFile(`${folder}/cores.ts`, cores.join("") + ENCODING);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--no-lock", "--config=deno.json", "cores.ts"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    });
    const { success, stderr } = await command.output();
    const said = new TextDecoder().decode(stderr);
    const names = [...said.matchAll(/Cannot find (?:name|namespace) '(\w+)'/g)].map(([, name]) => name);
    if (!success && names.length === 0) throw new Error(said);
    return names;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
