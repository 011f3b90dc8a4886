/** Where the function runs: what it finds round it, and what it may reach. */

export type Context = "worker" | "page";
export type Place = { readonly context: Context; readonly net: readonly string[] };

/** In workers that reach nothing: where every job runs that asks for nothing else. */
export const ALONE: Place = Object.freeze({ context: "worker", net: [] });

/** Whether two places are the same. */
export function isSame(a: Place, b: Place): boolean {
  return a.context === b.context && a.net.join() === b.net.join();
}
