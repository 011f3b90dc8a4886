/**
 * What the owner of the device chose: in the page's hash (`hash.ts`), so that a link can carry it, and in storage, so that
 * it is asked once.
 */

import { type Choices, cleanDevice, coresOrNull } from "../volunteer/hash.ts";

export { type Choices, cleanDevice, formatHash, parseHash } from "../volunteer/hash.ts";

/** What of the Web Storage is used. */
export type Store = Pick<Storage, "getItem" | "setItem">;

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
