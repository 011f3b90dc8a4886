/**
 * Bundles everything that ships: `deno run -A build.ts --page DIR --client DIR`.
 *
 * To the page's folder go `index.html`, `style.css`, `page.js`, `crypto.js`, `frame.html` and `page_frame.html`; to the client's `headless.js`,
 * `pipe.js`, `bundler.js` with `esbuild.js`, `esbuild.wasm` and its `stand_ins`, `tracer.js` and the monitoring page. The same sources give the same bytes, and no path of this machine is in them.
 */

import { dirname } from "node:path";
import { buildEsbuild } from "./build_esbuild.ts";
import { withPackages } from "./build_packages.ts";
import { buildStandIns } from "./build_stand_ins.ts";

const HERE = new URL(".", import.meta.url);

type Target = "browser" | "deno";
/** What is built, by names of files: for the page, and for the client. */
export type Built = {
  readonly page: Map<string, string>;
  readonly client: Map<string, string>;
  /** Also for the client, but no text. */
  readonly binary: Map<string, Uint8Array>;
};

/** The programs by name, and how each is bundled. */
const PROGRAMS: Readonly<Record<string, { platform: Target; format: "iife" | "esm"; external?: string }>> = {
  page: { platform: "browser", format: "iife" },
  sandbox: { platform: "browser", format: "iife" },
  window: { platform: "browser", format: "iife" },
  worker: { platform: "browser", format: "iife" },
  crypto: { platform: "browser", format: "esm" },
  monitor: { platform: "browser", format: "esm" },
  headless: { platform: "deno", format: "esm" },
  pipe: { platform: "deno", format: "esm" },
  bundler: { platform: "deno", format: "esm", external: "esbuild" },
  tracer: { platform: "deno", format: "esm" },
};

/**
 * Returns the entries of the programs by name: `NAME/main.ts`, or `NAME_main.ts` in any folder.
 *
 * @throws {Error} an entry has no place in `PROGRAMS`, or a program no entry
 */
export async function programs(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const folder of Deno.readDir(new URL("src", HERE))) {
    for await (const { name } of Deno.readDir(new URL(`src/${folder.name}`, HERE))) {
      const program = name === "main.ts" ? folder.name : name.match(/^(.*)_main\.ts$/)?.[1];
      if (program !== undefined) found.set(program, `src/${folder.name}/${name}`);
    }
  }
  const [known, there] = [Object.keys(PROGRAMS), [...found.keys()]].map((names) => names.sort().join(", "));
  if (known !== there) throw new Error(`the programs are ${known}; there are entries of ${there}`);
  return found;
}

/** Returns a module and all it imports as one minified script. */
async function bundle(entry: string, platform: Target, format: "iife" | "esm", external?: string) {
  const command = new Deno.Command(Deno.execPath(), {
    // Sources are named relative to this folder, wherever it is.
    cwd: HERE,
    args: [
      "bundle",
      "--quiet",
      "--frozen",
      "--minify",
      `--platform=${platform}`,
      `--format=${format}`,
      ...(external === undefined ? [] : [`--external=${external}`]),
      entry,
    ],
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`bundling ${entry}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Returns a text as a JavaScript literal that cannot end the `<script>` around it. */
function literal(text: string): string {
  return JSON.stringify(text).replaceAll("<", "\\x3c").replaceAll("\u2028", "\\u2028");
}

/** Returns the document of the sandbox: a page that is one script. */
function sandboxPage(workerSource: string, sandboxScript: string): string {
  const script = `const WORKER_SOURCE=${literal(workerSource)};\n${
    sandboxScript.replaceAll("</script", "<\\/script")
  }`;
  return `<!doctype html>\n<meta charset="utf-8">\n<title>Pando</title>\n<script>\n${script}</script>\n`;
}

/** Returns a page of `public/` with its script, which the server finds there to name its hash. */
async function withScript(name: string, script: string): Promise<string> {
  const page = await Deno.readTextFile(new URL(`public/${name}`, HERE));
  // The function is called for its result alone: a plain text would have `$&` and the like in it.
  return page.replace(
    "</body>",
    () => `<script>${script.replaceAll("</script", "<\\/script")}</script>\n  </body>`,
  );
}

/** Bundles everything. */
export async function build(): Promise<Built> {
  const entries = await programs();
  const bundleOf = (name: string) => {
    const { platform, format, external } = PROGRAMS[name];
    return bundle(entries.get(name)!, platform, format, external);
  };
  // The first one alone: on a new machine it installs the bundler, and several at once get into each other's way.
  const worker = await bundleOf("worker");
  const [sandbox, sandboxWindow, page, crypto, headless, pipe, bundler, tracer, monitor] = await Promise.all(
    ["sandbox", "window", "page", "crypto", "headless", "pipe", "bundler", "tracer", "monitor"].map(bundleOf),
  );
  const [standIns, ourEsbuild] = await withPackages(async (packages) => [
    await buildStandIns(packages),
    await buildEsbuild(packages),
  ]);
  const withWorker = (script: string) => `const WORKER_SOURCE=${literal(worker)};\n${script}`;
  const asIs = (name: string) => Deno.readTextFile(new URL(`public/${name}`, HERE));
  return {
    page: new Map([
      ["index.html", await asIs("index.html")],
      ["style.css", await asIs("style.css")],
      ["page.js", page],
      ["crypto.js", crypto],
      ["frame.html", sandboxPage(worker, sandbox)],
      ["page_frame.html", await withScript("page_frame.html", sandboxWindow)],
    ]),
    client: new Map([
      ["headless.js", withWorker(headless)],
      ["pipe.js", withWorker(pipe)],
      ["bundler.js", withWorker(withOurs(bundler))],
      ...Array.from(standIns, ([name, text]): [string, string] => [`stand_ins/${name}`, text]),
      ["esbuild.js", ourEsbuild.script],
      ["tracer.js", tracer],
      ["monitor.js", monitor],
      ["monitor.html", await asIs("monitor.html")],
      ["monitor.css", await asIs("monitor.css")],
    ]),
    binary: new Map([["esbuild.wasm", ourEsbuild.program]]),
  };
}

/** Puts the esbuild that ships in the place of the package. */
function withOurs(script: string): string {
  const ours = script.replace(/from\s*"esbuild"/, 'from "./esbuild.js"');
  if (ours === script) throw new Error("the bundler does not import esbuild");
  return ours;
}

async function write(folder: string, files: Map<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of files) {
    await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(`${folder}/${name}`, content);
    else await Deno.writeFile(`${folder}/${name}`, content);
  }
}

function folderOf(option: string): string {
  const folder = Deno.args[Deno.args.indexOf(option) + 1];
  if (!Deno.args.includes(option) || folder === undefined) {
    console.error("usage: deno run -A build.ts --page DIR --client DIR");
    Deno.exit(2);
  }
  return folder;
}

if (import.meta.main) {
  const [pageFolder, clientFolder] = [folderOf("--page"), folderOf("--client")];
  const { page, client, binary } = await build();
  await write(pageFolder, page);
  await write(clientFolder, client);
  await write(clientFolder, binary);
  // esbuild's service would keep the process.
  Deno.exit(0);
}
