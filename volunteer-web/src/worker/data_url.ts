/** What `data:` addresses hold (https://fetch.spec.whatwg.org/#data-url-processor). */

/** Returns the text, in UTF-8, that an address holds; null if it is no `data:` address, or a broken one. */
export function dataUrlText(address: string): string | null {
  const [, type, body] = address.match(/^\s*data:([^,]*),([^#]*)/i) ?? [];
  if (body === undefined) return null;
  try {
    const text = decodeURIComponent(body);
    if (!/;\s*base64\s*$/i.test(type)) return text;
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    return null;
  }
}
