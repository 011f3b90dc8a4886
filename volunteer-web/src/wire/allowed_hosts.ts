/**
 * Hosts that a function may reach. `pando_shared` has the same rules.
 *
 * An entry is `[SCHEME://]HOST[:PORT]`, in lower case, or `*` alone for everything. Entries end up in the address of a
 * sandbox, in a policy of a browser and in permissions of Deno: what is not exactly of this form is refused.
 */

import { MAX_ALLOWED_HOSTS, ProtocolError } from "./constants.ts";

export const ANYTHING = "*";
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const ENTRY = new RegExp(
  `^(?:(https?|wss?)://)?((?=[^:]{1,253}(?::|$))${LABEL}(?:\\.${LABEL})*)(?::([1-9][0-9]{0,4}))?$`,
);
const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };

/** Whether this is a list of hosts. */
export function areHosts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length > MAX_ALLOWED_HOSTS) return false;
  if (value.includes(ANYTHING)) return value.length === 1;
  return value.every((host) =>
    typeof host === "string" && Number(host.match(ENTRY)?.[3] ?? 1) <= 65535 && ENTRY.test(host)
  );
}

/**
 * Returns the member `allow_net` of a `hello`.
 *
 * @throws {ProtocolError} it is not a list of hosts
 */
export function readHosts(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!areHosts(value)) throw new ProtocolError("allow_net is not a list of hosts");
  return value;
}

/** Returns the hosts that an option's value names, separated by commas. Null: it names something else. */
export function parseHosts(text: string): readonly string[] | null {
  const hosts = text.split(",").map((host) => host.trim().toLowerCase()).filter((host) => host !== "");
  return areHosts(hosts) ? hosts : null;
}

/** Returns the hosts as `HOST:PORT`, in the form of Deno's permissions; not for `*`. */
export function addresses(hosts: readonly string[]): string[] {
  return hosts.flatMap((host) => {
    const [, scheme, name, port] = host.match(ENTRY)!;
    const ports = port !== undefined ? [port] : scheme !== undefined ? [DEFAULT_PORT[scheme]] : [80, 443];
    return ports.map((number) => `${name}:${number}`);
  });
}

/** Whether all hosts that are wanted are granted. */
export function covers(granted: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0 || granted.includes(ANYTHING)) return true;
  if (wanted.includes(ANYTHING)) return false;
  const open = new Set(addresses(granted));
  return addresses(wanted).every((address) => open.has(address));
}

/** Returns the hosts in words that follow "may reach". */
export function inWords(hosts: readonly string[]): string {
  return hosts.includes(ANYTHING) ? "any host, in your own network too" : hosts.join(", ");
}
