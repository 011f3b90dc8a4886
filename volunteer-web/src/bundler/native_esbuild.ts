/** Looks for a native esbuild on this machine. */

import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { arch, platform } from "node:process";

/** A program that does not say its version within this time is not used. */
const ANSWER_MS = 2000;

/** Returns the path of a native esbuild of exactly this version, in Deno's cache or on the PATH; null if there is none. */
export function nativeProgram(version: string): string | null {
  return [...inDenosCache(version), ...onPath()].find((path) => answers(path, version)) ?? null;
}

/** Deno keeps packages by their registry's name. */
function inDenosCache(version: string): string[] {
  const npm = join(denoDir(), "npm");
  const file = platform === "win32" ? "esbuild.exe" : join("bin", "esbuild");
  return namesIn(npm).map((registry) =>
    join(npm, registry, "@esbuild", `${platform}-${arch}`, version, file)
  );
}

function denoDir(): string {
  const named = Deno.env.get("DENO_DIR");
  if (named) return named;
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "deno");
  const caches = platform === "win32" ? Deno.env.get("LOCALAPPDATA") : Deno.env.get("XDG_CACHE_HOME");
  return join(caches || join(homedir(), ".cache"), "deno");
}

function onPath(): string[] {
  const name = platform === "win32" ? "esbuild.exe" : "esbuild";
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name));
}

function answers(path: string, version: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const said = execFileSync(path, ["--version"], {
      timeout: ANSWER_MS,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return said.toString().trim() === version;
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
