/** What the browser says of the STUN and TURN servers that it has asked for addresses. */

/** What of an `icecandidateerror` is used (https://www.w3.org/TR/webrtc/, RTCPeerConnectionIceErrorEvent). */
export type IceError = { readonly errorCode: number; readonly url?: string | null };

/** STUN error codes with which a TURN server refuses a user (RFC 8656, RFC 8489). */
const REFUSED = [401, 403, 441];
/** The browser's own code for a server that it did not reach. */
const UNREACHED = 701;
const MAX_SERVERS_NAMED = 2;
const MAX_CHARACTERS = 80;

/** Collects what goes wrong with the servers while a connection is made. */
export class IceErrors {
  #refused = new Set<string>();
  #unreached = new Set<string>();
  #hasServed = false;

  /** The browser reports an error. */
  failed({ errorCode, url }: IceError): void {
    const server = nameOf(url ?? "");
    if (server === "") return;
    if (REFUSED.includes(errorCode)) this.#refused.add(server);
    if (errorCode === UNREACHED) this.#unreached.add(server);
  }

  /** The browser has found a candidate: `line` is its text. */
  found(line: string): void {
    // One error for each of the device's networks is usual where some of them lead nowhere.
    if (/ typ (srflx|relay)/.test(line)) this.#hasServed = true;
  }

  /** What is wrong in words, as parts of a sentence; empty if nothing is known to be. */
  get text(): string {
    const parts = [];
    if (this.#refused.size > 0) {
      parts.push(
        `the TURN server ${named(this.#refused)} refuses the user name or password that the job gives`,
      );
    }
    const silent = new Set([...this.#unreached].filter((server) => !this.#refused.has(server)));
    if (silent.size > 0 && !this.#hasServed) {
      parts.push(`${named(silent)} cannot be reached, so this network may block UDP`);
    }
    return parts.join(", and ");
  }
}

/** Returns the host and port of a server's URL (RFC 7064, RFC 7065). */
function nameOf(url: string): string {
  return url.replace(/^(stun|turn)s?:/i, "").replace(/\?.*$/s, "").replace(/[^\x21-\x7e]/g, "").slice(
    0,
    MAX_CHARACTERS,
  );
}

function named(servers: ReadonlySet<string>): string {
  return [...servers].slice(0, MAX_SERVERS_NAMED).join(" or ");
}
