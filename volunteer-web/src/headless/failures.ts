/** Why Deno could not reach a server, in words for a person in a terminal. The only place that reads Deno's own texts. */

/** Patterns of what Deno, hyper and rustls say, and what it means. The first that fits counts. */
const MEANINGS: readonly (readonly [RegExp, (base: URL) => string])[] = [
  [
    /load platform certificates/i,
    () => "the certificates of this machine cannot be read; SSL_CERT_FILE or SSL_CERT_DIR may be wrong",
  ],
  [
    /certificate.*not ?valid ?yet/i,
    (base) => untrusted(base, "it is not valid yet, or the clock of this machine is wrong"),
  ],
  [
    /certificate.*expired/i,
    (base) => untrusted(base, "it has expired, or the clock of this machine is wrong"),
  ],
  [
    /NotValidForName|not valid for (any )?name/i,
    (base) => untrusted(base, "it is for another name than that of the address"),
  ],
  [/UnknownIssuer|SelfSigned|CaUsedAsEndEntity/i, (base) =>
    untrusted(
      base,
      "it is signed by an authority that this machine does not know; " +
        "SSL_CERT_FILE can name a file with the authority's certificate",
    )],
  [/certificate/i, (base) => untrusted(base, "it cannot be checked")],
  [
    /corrupt message|InvalidContentType|InvalidMessage|unexpected message/i,
    (base) =>
      `the server at ${base.host} does not speak TLS as it should: if it has no https, use ${
        switched(base, "http:")
      }`,
  ],
  [
    /dns error|failed to lookup address|name or service not known/i,
    (base) => `there is no machine called ${base.hostname}, or this machine is on no network`,
  ],
  [
    /tunnel|proxy/i,
    (base) => `the proxy that HTTPS_PROXY or HTTP_PROXY names does not let us through to ${base.host}`,
  ],
  [/connection refused|os error 111/i, (base) => `nothing listens at ${portOf(base)} of ${base.hostname}`],
  [
    /unreachable|os error 10[1-3]|os error 113|cannot assign requested/i,
    (base) => `there is no way to ${base.hostname} from this machine's network`,
  ],
  [/are blocked/i, (base) => `${portOf(base)} is not for web servers`],
  [/timed? ?out|abort/i, (base) => `the server at ${base.host} does not answer`],
  [/connection closed|reset by peer|os error 104|SendRequest/i, (base) => {
    const hint = base.protocol === "http:" ? `; if it takes https only, use ${switched(base, "https:")}` : "";
    return `the server at ${base.host} hung up${hint}`;
  }],
];

/**
 * Returns what an error of `fetch` means.
 *
 * @param error what it threw, with its causes
 * @param base the server's address
 * @param proxy the variable of the environment that names a proxy for it; empty if there is none
 */
export function explain(error: unknown, base: URL, proxy = ""): string {
  const text = allOf(error);
  const [, meaning] = MEANINGS.find(([pattern]) => pattern.test(text)) ?? [];
  const said = meaning?.(base) ?? `the server at ${base.host} cannot be reached`;
  // Deno does not say whether it was the server or the proxy.
  return proxy === "" || said.includes("certificate") || said.includes("proxy")
    ? said
    : `${said}, or the proxy that ${proxy} names does not work`;
}

/**
 * Returns the variable of the environment that names a proxy for a server; empty if none does.
 *
 * @param get reads a variable
 */
export function proxyVariable(base: URL, get: (name: string) => string | undefined): string {
  const name = base.protocol === "https:" ? "https_proxy" : "http_proxy";
  return [name, name.toUpperCase()].find((variable) => get(variable)) ?? "";
}

function allOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 10; at = at.cause) {
    texts.push(`${at.name}: ${at.message}`);
  }
  // Both the address and what the user called the server may look like an error.
  return texts.join("\n").replace(/\(https?:[^)]*\)|https?:\S+/g, "");
}

function untrusted(base: URL, why: string): string {
  return `the certificate of ${base.host} is not trusted: ${why}`;
}

function portOf(base: URL): string {
  return `port ${base.port || (base.protocol === "https:" ? 443 : 80)}`;
}

function switched(base: URL, protocol: string): string {
  return `${protocol}//${base.host}`;
}
