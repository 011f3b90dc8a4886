/** The program of the workers, as text: pages and Deno alike start workers from blobs. */

// Defined by `build.ts`, which bundles `worker.ts` first, at the top of everything that starts workers.
declare const WORKER_SOURCE: string;

/** Returns a new URL of the workers' program. */
export function workerUrl(): string {
  return URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
}
