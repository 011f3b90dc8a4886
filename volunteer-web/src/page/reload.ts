/** Loads the page again when the server speaks another version: once, so that a page never reloads for ever. */

const KEY = "pando.reloaded";

/**
 * Reloads, unless this tab has done so before, or cannot remember that it has.
 *
 * @param store returns the storage of this tab; it may throw
 */
export function reloadOnce(store: () => Storage, reload: () => void): void {
  try {
    if (store().getItem(KEY) !== null) return;
    store().setItem(KEY, "1");
    if (store().getItem(KEY) !== "1") return;
  } catch {
    return; // without a memory it might reload again and again
  }
  reload();
}
