/** Where a server is, and which job, by the address that a person opens or gives. */

import { JOB_NAME } from "../wire/constants.ts";

/** What an address names. */
export type Place = {
  /** The folder in which the server serves what it has; it ends with a slash. */
  readonly base: URL;
  /** The job that the address names as `j/NAME`, or null. */
  readonly job: string | null;
};

/**
 * Returns what an address names. The server may be anywhere below its host, such as at `https://HOST/pando/`: whatever is
 * not `j/NAME` at the end, or a file, is the server's folder.
 */
export function placeOf(address: URL): Place {
  const [, folder, name] = address.pathname.match(/^(.*\/)j\/([^/]+)$/) ?? [];
  if (folder !== undefined) return { base: below(address, folder), job: JOB_NAME.test(name) ? name : null };
  const path = address.pathname.replace(/[^/]*\.html$/, "");
  return { base: below(address, path.endsWith("/") ? path : `${path}/`), job: null };
}

function below({ origin }: URL, path: string): URL {
  // Not resolved against the origin: a path that begins with two slashes would be taken for a host.
  return new URL(origin + path);
}
