/**
 * Any value as a short text for people: JSON where JSON can say it, and something like it elsewhere.
 *
 * Functions log and throw whatever they like: what is said of it never throws, never ends in a circle, and is bounded
 * in length and in work.
 */

const MAX_DEPTH = 5;
/** Members of one object that are looked at. */
const MAX_MEMBERS = 100;
/** What is said of a value that resists, such as a proxy whose traps throw. */
const RESISTS = "[a value that cannot be shown]";

/** Returns a text of at most `maxCharacters`; a text that is the value itself stays as it is, without quotes. */
export function inspect(value: unknown, maxCharacters: number): string {
  try {
    const text = typeof value === "string" ? value : new Inspection(maxCharacters).text(value);
    return text.length <= maxCharacters ? text : text.slice(0, maxCharacters - 1) + "…";
  } catch {
    return RESISTS;
  }
}

class Inspection {
  /** Characters that may still be said: estimated, so that the work is bounded. */
  #left: number;
  /** The objects inside which this is. */
  #path: object[] = [];

  constructor(maxCharacters: number) {
    this.#left = maxCharacters;
  }

  text(value: unknown): string {
    if (typeof value === "object" && value !== null) return this.#objectText(value);
    return this.#count(this.#plainText(value));
  }

  #count(text: string): string {
    this.#left -= text.length;
    return text;
  }

  #plainText(value: unknown): string {
    switch (typeof value) {
      case "string":
        return JSON.stringify(
          value.length > this.#left ? value.slice(0, Math.max(0, this.#left)) + "…" : value,
        );
      case "bigint":
        return `${value}n`;
      case "function":
        return `[function${value.name === "" ? "" : ` ${String(value.name)}`}]`;
      default:
        return String(value);
    }
  }

  #objectText(value: object): string {
    if (this.#path.includes(value)) return "[circular]";
    if (this.#path.length >= MAX_DEPTH) return Array.isArray(value) ? "[…]" : "{…}";
    this.#left -= 2;
    this.#path.push(value);
    try {
      const own = ownText(value);
      return own === null ? this.#membersText(value) : this.#count(own);
    } finally {
      this.#path.pop();
    }
  }

  #membersText(value: object): string {
    if (Array.isArray(value)) return `[${this.#list(value.length, (i) => this.text(value[i]))}]`;
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const numbers = value as unknown as ArrayLike<unknown>;
      return `${nameOf(value)}(${numbers.length}) [${this.#list(numbers.length, (i) => String(numbers[i]))}]`;
    }
    if (value instanceof Map) {
      const entries = firstOf(value.entries());
      const member = (i: number) => `${this.text(entries[i][0])} => ${this.text(entries[i][1])}`;
      return `Map(${value.size}) {${this.#list(value.size, member)}}`;
    }
    if (value instanceof Set) {
      const members = firstOf(value.values());
      return `Set(${value.size}) {${this.#list(value.size, (i) => this.text(members[i]))}}`;
    }
    const keys = Object.keys(value);
    const name = nameOf(value);
    return `${name === "Object" ? "" : name + " "}{${
      this.#list(keys.length, (i) => this.#member(value, keys[i]))
    }}`;
  }

  #member(value: object, key: string): string {
    let text: string;
    try {
      text = this.text((value as Record<string, unknown>)[key]);
    } catch {
      text = RESISTS;
    }
    return `${this.#count(JSON.stringify(key))}:${text}`;
  }

  #list(count: number, member: (index: number) => string): string {
    const parts: string[] = [];
    while (parts.length < Math.min(count, MAX_MEMBERS) && this.#left > 0) parts.push(member(parts.length));
    if (parts.length < count) parts.push(`… ${count - parts.length} more`);
    return parts.join(",");
  }
}

/** Returns what a value says of itself, if it says more than which class it is of. */
function ownText(value: object): string | null {
  // A date of the language, or of a library.
  const { toISOString } = value as { toISOString?: () => unknown };
  if (typeof toISOString === "function") {
    return attempt(() => toISOString.call(value)) ?? attempt(() => value);
  }
  const { type } = value as { type?: unknown };
  if (typeof type === "string" && /Event\]$/.test(tagOf(value))) {
    return `${nameOf(value)} ${JSON.stringify(type)}`;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return null;
  const { toString } = value as { toString?: unknown };
  if (typeof toString !== "function" || toString === Object.prototype.toString) return null;
  return attempt(() => value);
}

/** Returns what is got as a text; null if that throws. */
function attempt(get: () => unknown): string | null {
  try {
    return String(get());
  } catch {
    return null;
  }
}

/** Returns the name of the class of an object, "Object" for one without. */
function nameOf(value: object): string {
  const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" ? name : "Object";
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function firstOf<T>(values: Iterable<T>): T[] {
  const first: T[] = [];
  for (const value of values) {
    if (first.length >= MAX_MEMBERS) break;
    first.push(value);
  }
  return first;
}
