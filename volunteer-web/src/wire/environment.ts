/** Where the function runs, and what it may reach. */

/** In a worker, or in the window of a sandbox. */
export type Context = "worker" | "page";

/** `net` are the hosts that the function may reach, as `allow_net` names them. */
export type Environment = { readonly context: Context; readonly net: readonly string[] };

/** A worker that reaches nothing: where every job runs that asks for nothing else. */
export const ISOLATED: Environment = Object.freeze({ context: "worker", net: [] });

/** Whether two environments are the same. */
export function isSame(a: Environment, b: Environment): boolean {
  return a.context === b.context && a.net.join() === b.net.join();
}
