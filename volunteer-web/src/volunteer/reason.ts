/** Why a client was not reached, in words for whoever can do something about it. */

import type { Failure, Tries } from "./attempts.ts";

/** Who reads: the owner of a device with a browser, or whoever runs a volunteer without one. */
export type Reader = "page" | "process";

/** Attempts in a row from which their number is mentioned. */
const MANY = 3;

const NO_PATH: Record<Reader, string> = {
  page: "this network may block UDP",
  process: "a firewall here may block UDP; the client can name a TURN server (--ice-servers)",
};

/** Returns the reason as part of a sentence, without a final stop. */
export function reasonOf({ part, why, detail }: Failure, reader: Reader): string {
  const more = detail || (part === "path" ? NO_PATH[reader] : "");
  return more === "" ? why : `${why}: ${more}`;
}

/** Returns how often it was tried in vain, and for how long, in parentheses after a blank; empty if that is no news. */
export function countOf({ count, since }: Tries, now: number): string {
  if (count < MANY) return "";
  const minutes = Math.floor((now - since) / 60_000);
  const span = minutes === 0 ? "" : minutes === 1 ? " in 1 minute" : ` in ${minutes} minutes`;
  return ` (tried ${count} times${span})`;
}
