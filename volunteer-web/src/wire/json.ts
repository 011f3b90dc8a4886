/** How this end writes JSON. */

/**
 * Returns the JSON of `value`, which any reader takes.
 *
 * Texts come from functions, or were cut: half of a surrogate pair in them would be written as an escape that is no
 * character, and strict readers refuse all of the JSON for it. It becomes U+FFFD, as in UTF-8.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, member) => typeof member === "string" ? wellFormed(member) : member);
}

/** `toWellFormed`, which not every browser has that can run the rest. */
function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, "\ufffd");
}
