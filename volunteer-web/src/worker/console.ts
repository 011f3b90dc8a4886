/** The console that the function sees: its lines, up to a limit, go to the log of the device's owner. */

const MAX_CHARACTERS = 500;
/** Lines that are let through in each window. */
const MAX_LINES = 40;
const WINDOW_MS = 1000;

/** The methods of a console that functions use. */
export type SmallConsole = Record<
  "log" | "info" | "debug" | "warn" | "error" | "trace" | "dir" | "table",
  (...values: unknown[]) => void
>;

/**
 * Returns a console.
 *
 * @param write takes each line that is let through
 * @param now milliseconds of a clock that never goes back
 */
export function consoleFor(
  write: (level: "info" | "error", text: string) => void,
  now: () => number,
): SmallConsole {
  let windowStart = -Infinity;
  let lines = 0;

  function line(level: "info" | "error", values: unknown[]): void {
    const time = now();
    if (time - windowStart > WINDOW_MS) {
      if (lines > MAX_LINES) write("info", `(${lines - MAX_LINES} more lines)`);
      windowStart = time;
      lines = 0;
    }
    if (++lines > MAX_LINES) return;
    write(level, values.map(shown).join(" ").slice(0, MAX_CHARACTERS));
  }

  const info = (...values: unknown[]) => line("info", values);
  const error = (...values: unknown[]) => line("error", values);
  // Methods that are not here (`time`, `group`, …) must not make the function fail.
  return new Proxy(
    { log: info, info, debug: info, dir: info, table: info, trace: info, warn: error, error } as SmallConsole,
    { get: (methods, name) => methods[name as keyof SmallConsole] ?? (() => undefined) },
  );
}

function shown(value: unknown): string {
  try {
    if (typeof value === "object" && value !== null && !(value instanceof Error)) {
      return JSON.stringify(value) ?? String(value);
    }
    return String(value);
  } catch {
    return "[a value that cannot be shown]";
  }
}
