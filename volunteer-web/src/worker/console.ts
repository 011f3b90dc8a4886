/** The console that the function sees. What it writes becomes lines; who reads them is the affair of the volunteer. */

import { inspect } from "./inspect.ts";
import { LineLimit } from "./line_limit.ts";

/** What one call of a method may write. */
const MAX_CHARACTERS = 4000;
const MAX_LINES = 100;
const MAX_LINE_CHARACTERS = 500;
/** Calls that are let through in each window: more than any reader is shown, and no more than a page can take. */
const MAX_CALLS = 1000;
const WINDOW_MS = 5000;
const INDENT = "  ";

/** What the function wrote to its console. */
export type ConsoleLines = {
  readonly level: "info" | "error";
  readonly lines: readonly string[];
  /** Lines that it wrote before these and that were left out. */
  readonly skipped: number;
};

/** The methods of a console that functions use. */
export type SmallConsole = Record<
  | "log"
  | "info"
  | "debug"
  | "warn"
  | "error"
  | "trace"
  | "dir"
  | "table"
  | "assert"
  | "count"
  | "countReset"
  | "group"
  | "groupCollapsed"
  | "groupEnd"
  | "time"
  | "timeLog"
  | "timeEnd",
  (...values: unknown[]) => void
>;

/** Makes a console (https://console.spec.whatwg.org) out of what takes its lines. */
export class ConsoleWriter {
  #write: (lines: ConsoleLines) => void;
  #now: () => number;
  #limit = new LineLimit(MAX_CALLS, WINDOW_MS);
  #indent = "";
  #counts = new Map<string, number>();
  #timers = new Map<string, number>();

  /**
   * @param write takes the lines that are let through
   * @param now milliseconds of a clock that never goes back
   */
  constructor(write: (lines: ConsoleLines) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  /** Returns the console. */
  console(): SmallConsole {
    const info = (...values: unknown[]) => this.#say("info", values);
    const error = (...values: unknown[]) => this.#say("error", values);
    const one = (value?: unknown) => this.#say("info", [value]);
    const group = (...values: unknown[]) => {
      if (values.length > 0) info(...values);
      this.#indent = (this.#indent + INDENT).slice(0, MAX_LINE_CHARACTERS / 2);
    };
    const methods: SmallConsole = {
      ...{ log: info, info, debug: info, trace: info, warn: error, error, dir: one, table: one, group },
      groupCollapsed: group,
      groupEnd: () => void (this.#indent = this.#indent.slice(INDENT.length)),
      assert: (isTrue, ...values) => isTrue ? undefined : error("Assertion failed", ...values),
      count: (label) => this.#count(labelOf(label)),
      countReset: (label) => void this.#counts.delete(labelOf(label)),
      time: (label) => void this.#timers.set(labelOf(label), this.#now()),
      timeLog: (label, ...values) => this.#time(labelOf(label), values),
      timeEnd: (label) => {
        this.#time(labelOf(label), []);
        this.#timers.delete(labelOf(label));
      },
    };
    // Methods that are not here (`profile`, `timeStamp`, …) must not make the function fail.
    return new Proxy(methods, {
      get: (methods, name) => methods[name as keyof SmallConsole] ?? (() => undefined),
    });
  }

  /** Says how many lines were left out, if any were. */
  flush(): void {
    const skipped = this.#limit.takeSkipped();
    if (skipped > 0) this.#write({ level: "info", lines: [], skipped });
  }

  #say(level: "info" | "error", values: unknown[]): void {
    if (!this.#limit.take(this.#now())) return;
    this.#write({
      level,
      lines: linesOf(formatted(values), this.#indent),
      skipped: this.#limit.takeSkipped(),
    });
  }

  #count(label: string): void {
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    this.#say("info", [`${label}: ${count}`]);
  }

  #time(label: string, values: unknown[]): void {
    const since = this.#timers.get(label);
    if (since !== undefined) {
      this.#say("info", [`${label}: ${(this.#now() - since).toFixed(1)} ms`, ...values]);
    }
  }
}

function linesOf(text: string, indent: string): string[] {
  const lines = text.slice(0, MAX_CHARACTERS).split(/\r?\n/, MAX_LINES);
  return lines.map((line) => (indent + line).slice(0, MAX_LINE_CHARACTERS));
}

/** Returns the values as a text; the first may be a format. */
function formatted(values: unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== "string" || rest.length === 0 || !first.includes("%")) {
    return values.map(shown).join(" ");
  }
  const text = first.slice(0, MAX_CHARACTERS).replace(/%[sdifjoOc%]/g, (specifier) => {
    if (specifier === "%%") return "%";
    return rest.length === 0 ? specifier : specified(specifier, rest.shift());
  });
  return [text, ...rest.map(shown)].join(" ");
}

function specified(specifier: string, value: unknown): string {
  switch (specifier) {
    case "%d":
    case "%i":
    case "%f":
      return numberText(specifier, value);
    case "%c": // a style
      return "";
    case "%s":
      return shown(value);
    default:
      return typeof value === "string" ? JSON.stringify(value.slice(0, MAX_CHARACTERS)) : shown(value);
  }
}

function numberText(specifier: string, value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "number" && typeof value !== "string") return "NaN";
  if (specifier === "%i") return String(parseInt(String(value)));
  return String(specifier === "%f" ? parseFloat(String(value)) : Number(value));
}

function labelOf(label: unknown): string {
  return label === undefined ? "default" : inspect(label, MAX_LINE_CHARACTERS);
}

function shown(value: unknown): string {
  return inspect(value, MAX_CHARACTERS);
}
