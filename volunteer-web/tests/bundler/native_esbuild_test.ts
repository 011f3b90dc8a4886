import assert from "node:assert/strict";
import { arch, platform } from "node:process";
import { nativeProgram } from "../../src/bundler/native_esbuild.ts";
import { withFiles } from "../support/bundling.ts";

/** A program that says it is of this version. */
const program = (version: string) => `#!/bin/sh\necho ${version}\n`;

async function withPlaces(
  files: Record<string, string>,
  body: (folder: string) => void,
): Promise<void> {
  const before = ["DENO_DIR", "PATH"].map((name) => [name, Deno.env.get(name)] as const);
  try {
    await withFiles(files, async (folder) => {
      for (const name of Object.keys(files)) await Deno.chmod(`${folder}/${name}`, 0o755);
      Deno.env.set("DENO_DIR", `${folder}/deno`);
      Deno.env.set("PATH", `${folder}/none:${folder}/bin`);
      body(folder);
    });
  } finally {
    for (const [name, value] of before) {
      value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    }
  }
}

const CACHED = `deno/npm/a.registry/@esbuild/${platform}-${arch}/1.2.3/bin/esbuild`;

Deno.test("a program in Deno's cache comes first, then one on the PATH", async () => {
  await withPlaces({ [CACHED]: program("1.2.3"), "bin/esbuild": program("1.2.3") }, (folder) => {
    assert.equal(nativeProgram("1.2.3"), `${folder}/${CACHED}`);
  });
  await withPlaces({ "bin/esbuild": program("1.2.3") }, (folder) => {
    assert.equal(nativeProgram("1.2.3"), `${folder}/bin/esbuild`);
    assert.equal(nativeProgram("1.2.4"), null);
  });
});

Deno.test("one that does not run, or is of another version, is none", async () => {
  await withPlaces({ [CACHED]: "#!/nowhere/sh\n", "bin/esbuild": program("1.2.30") }, () => {
    assert.equal(nativeProgram("1.2.3"), null);
  });
  await withPlaces({ "bin/esbuild/file": "" }, () => assert.equal(nativeProgram("1.2.3"), null));
});
