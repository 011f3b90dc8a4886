/**
 * Bundles the user's module to the one script that volunteers run: `bundler.js MODULE`.
 *
 * Prints one JSON object on stdout: `{"ok": true, "code": …, "map": …}` or `{"ok": false, "error": …}`. The exit
 * status is 0 in both cases, because the client reads the object.
 */

import { checkExport } from "./export_check.ts";
import { bundleModule } from "./bundle_module.ts";

/** Why there is no bundle; `text` is one sentence for the user, the place is that of the offending line. */
export type BundleError = {
  readonly kind:
    | "missing-file"
    | "syntax"
    | "resolve"
    | "export-missing"
    | "export-shape"
    | "load"
    | "internal";
  readonly text: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly source?: string;
};
export type BundleOutcome =
  | { readonly ok: true; readonly code: string; readonly map: string }
  | { readonly ok: false; readonly error: BundleError };

/** Returns the bundle of the module at `path`, checked, or why there is none. */
export async function bundleAndCheck(path: string): Promise<BundleOutcome> {
  try {
    const outcome = await bundleModule(path);
    if (!outcome.ok) return outcome;
    const error = await checkExport(outcome.code);
    return error === null ? outcome : { ok: false, error };
  } catch (error) {
    return {
      ok: false,
      error: { kind: "internal", text: `The bundler failed: ${(error as Error).message}` },
    };
  }
}

if (import.meta.main) {
  const outcome: BundleOutcome = Deno.args.length === 1
    ? await bundleAndCheck(Deno.args[0])
    : { ok: false, error: { kind: "internal", text: "The bundler takes one module." } };
  await new Blob([JSON.stringify(outcome) + "\n"]).stream().pipeTo(Deno.stdout.writable);
  // esbuild's service may still be there; it ends with its parent.
  Deno.exit(0);
}
