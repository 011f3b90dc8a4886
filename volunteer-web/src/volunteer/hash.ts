/**
 * What the owner of a device chose, as it is in the hash of an address, so that a link can carry it.
 * `#device=My_phone;cores=3;protocol=websocket;allow-net=example.org;` (underscores stand for spaces).
 * A client adds `client=KEY;` to the address of its job.
 */

import type { ChannelKind } from "../connect/meeting.ts";
import { MAX_DEVICE_CHARACTERS, MAX_SLOTS } from "../wire/constants.ts";
import { ANYTHING, parseHosts } from "../wire/allowed_hosts.ts";

/** Of a key that is kept; a whole one has 43. */
const MAX_KEY_CHARACTERS = 64;

/** Choices; null where none was made. */
export type Choices = {
  readonly device: string | null;
  readonly cores: number | null;
  readonly protocol: ChannelKind | null;
  /** Hosts that functions may reach, once that is confirmed (`consent.ts`); chosen in the hash only. */
  readonly allowNet: readonly string[] | null;
  /** The key of the job's owner as the address says it, well-formed or not: what is broken is no other's key. */
  readonly client: string | null;
};

/** Returns a name as it may be shown and sent: printable, at most 64 characters; empty when nothing is left. */
export function cleanDevice(name: string): string {
  return Array.from(name.replace(/\p{C}/gu, "").replace(/\s+/g, " ").trim()).slice(0, MAX_DEVICE_CHARACTERS)
    .join("");
}

/** Returns the choices that a hash makes; a choice that is not well-formed counts as not made. */
export function parseHash(hash: string): Choices {
  const said = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split(";")) {
    const [, name, , value] = part.match(/^\s*([a-z-]+)(=(.*))?$/s) ?? [];
    // Without a value, `allow-net` is for all hosts. With an empty value, which a script may make of an empty variable, it
    // is for none.
    const otherwise = name === "allow-net" ? ANYTHING : "";
    if (name !== undefined) said.set(name, decoded(value ?? otherwise));
  }
  const protocol = said.get("protocol");
  return {
    device: cleanDevice((said.get("device") ?? "").replaceAll("_", " ")) || null,
    cores: coresOrNull(said.get("cores")),
    protocol: protocol === "webrtc" || protocol === "websocket" ? protocol : null,
    allowNet: said.has("allow-net") ? parseHosts(said.get("allow-net")!) : null,
    client: said.get("client")?.slice(0, MAX_KEY_CHARACTERS) ?? null,
  };
}

/** Returns the hash that makes these choices. */
export function formatHash({ device, cores, protocol, allowNet, client }: Choices): string {
  const parts = [];
  if (client !== null) parts.push(`client=${encodeURIComponent(client)};`);
  if (device !== null) parts.push(`device=${encodeURIComponent(device).replaceAll("%20", "_")};`);
  if (cores !== null) parts.push(`cores=${cores};`);
  if (protocol !== null) parts.push(`protocol=${protocol};`);
  if (allowNet !== null) {
    parts.push(allowNet.includes(ANYTHING) ? "allow-net;" : `allow-net=${allowNet.join(",")};`);
  }
  return parts.length === 0 ? "" : `#${parts.join("")}`;
}

/** Returns the number that a text says, or null if so many cores cannot be lent. */
export function coresOrNull(text: string | undefined): number | null {
  const cores = Number(text);
  return text !== undefined && Number.isInteger(cores) && cores >= 1 && cores <= MAX_SLOTS ? cores : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
