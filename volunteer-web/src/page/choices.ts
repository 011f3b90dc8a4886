/**
 * What the owner of the device chose: in the page's hash, so that a link can carry it, and in storage, so that it
 * is asked once. `#device=My_phone;cores=3;protocol=websocket;allow-net=example.org;` (underscores stand for spaces).
 * A client adds `client=KEY;` to the address of its job.
 */

import type { ChannelKind } from "../connect/meeting.ts";
import { MAX_DEVICE_CHARACTERS, MAX_SLOTS } from "../wire/constants.ts";
import { ANYTHING, parseHosts } from "../wire/allowed_hosts.ts";

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

/** Of a key that is kept; a whole one has 43. */
const MAX_KEY_CHARACTERS = 64;

/** What of the Web Storage is used. */
export type Store = Pick<Storage, "getItem" | "setItem">;

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

/** Returns the choices of an earlier visit. Storage may be forbidden; then there was none. */
export function recall(store: () => Store): Choices {
  try {
    return {
      device: cleanDevice(store().getItem("pando.device") ?? "") || null,
      cores: coresOrNull(store().getItem("pando.cores") ?? undefined),
      protocol: null,
      allowNet: null,
      client: null,
    };
  } catch {
    return { device: null, cores: null, protocol: null, allowNet: null, client: null };
  }
}

/** Keeps the choices for the next visit, where that is possible. */
export function remember(store: () => Store, { device, cores }: Choices): void {
  try {
    if (device !== null) store().setItem("pando.device", device);
    if (cores !== null) store().setItem("pando.cores", String(cores));
  } catch {
    // The hash still has them.
  }
}

/**
 * Returns how many slots to lend unless the owner says otherwise: all cores, but one fewer on a phone, which has to
 * stay usable in the hand.
 *
 * @param cores what the browser says, if it does
 */
export function defaultSlots(cores: number | undefined, phone: boolean): number {
  return Math.max(1, (cores ?? 2) - (phone ? 1 : 0));
}

/** Whether a browser that calls itself `agent` is on a phone or tablet. */
export function isPhone(agent: string): boolean {
  return /Mobi|Android|iPhone|iPad/i.test(agent);
}

/** Returns the name and version of the browser and the system, as far as it says them. */
export function shortAgent(agent: string): string {
  // The specific before the general: nearly all claim to be Chrome or Safari, and Android to be Linux.
  const browser = ["Edg", "OPR", "Firefox", "FxiOS", "CriOS", "Chrome", "Version"]
    .flatMap((name) => agent.match(new RegExp(`(${name})/(\\d+)`)) ?? [])
    .slice(1, 3);
  const names: Record<string, string> = {
    Edg: "Edge",
    OPR: "Opera",
    FxiOS: "Firefox",
    CriOS: "Chrome",
    Version: "Safari",
  };
  const system = ["iPhone", "iPad", "Android", "Windows", "Macintosh", "CrOS", "Linux"]
    .find((name) => agent.includes(name));
  const name = browser.length > 0 ? `${names[browser[0]] ?? browser[0]} ${browser[1]}` : "browser";
  return system === undefined ? name : `${name} on ${system === "Macintosh" ? "macOS" : system}`;
}

function coresOrNull(text: string | undefined): number | null {
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
