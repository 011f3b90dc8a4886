/** The npm packages of which parts ship with Pando, as a folder `node_modules`. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the project's TypeScript half. */
export const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Runs `body` with a folder that has the packages of `deno.json`, of the versions in `deno.lock`, in `node_modules`. */
export async function withPackages<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    await install(folder);
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function install(folder: string): Promise<void> {
  for (const file of ["deno.json", "deno.lock"]) await Deno.copyFile(join(HERE, file), join(folder, file));
  const command = new Deno.Command(Deno.execPath(), {
    cwd: folder,
    args: ["install", "--quiet", "--frozen", "--node-modules-dir=auto"],
  });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`installing packages: ${new TextDecoder().decode(stderr)}`);
}
