/** What the volunteers without a page have in common: options, status lines on stderr, signals. */

import type { Verdict } from "../volunteer/session_runner.ts";
import type { HelloInfo } from "../wire/hello.ts";
import type { Choices } from "../volunteer/hash.ts";
import { MAX_SLOTS } from "../wire/constants.ts";
import { toJson } from "../wire/json.ts";
import { ANYTHING, covers, inWords, parseHosts } from "../wire/allowed_hosts.ts";

const MAX_STATUS_CHARACTERS = 500;
/** Signals that ask a program to end, and their numbers. */
const ENDING_SIGNALS = [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const;

/** Options of the command line. */
export type Options = {
  /** The arguments that are no options. */
  readonly words: readonly string[];
  /** Of `--name=value` the value, of `--name` an empty text, but `*` of `--allow-net`. */
  readonly named: ReadonlyMap<string, string>;
};

/** The command line is wrong; the message says how. */
export class UsageError extends Error {}

/** Options whose value may be the next word. */
const WITH_VALUE = ["cores", "device", "protocol"];

/**
 * Returns the arguments as options.
 *
 * @param known names of options without their dashes
 * @param hidden those that only programs give
 * @throws {UsageError} another option is given
 */
export function parseOptions(
  args: readonly string[],
  known: readonly string[],
  hidden: readonly string[] = [],
): Options {
  const words: string[] = [];
  const named = new Map<string, string>();
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    let [, name, , value] = arg.match(/^--([a-z-]+)(=(.*))?$/s) ?? [];
    if (value === undefined && WITH_VALUE.includes(name) && known.includes(name)) {
      if (left.length === 0 || left[0].startsWith("--")) throw new UsageError(`--${name} needs a value`);
      value = left.shift() as string;
    }
    if (name === undefined) words.push(arg);
    // An empty value, which a script may make of an empty variable, allows nothing.
    else if (known.includes(name) || hidden.includes(name)) {
      named.set(name, value ?? (name === "allow-net" ? ANYTHING : ""));
    } else {throw new UsageError(`unknown option --${name}; there are ${
        known.map((k) => `--${k}`).join(", ")
      }`);}
  }
  return { words, named };
}

/**
 * Returns the number of slots to lend.
 *
 * @throws {UsageError} `--cores` is not a number from 1 to `MAX_SLOTS`
 */
export function coresOf(options: Options): number {
  const given = options.named.get("cores");
  if (given === undefined) return Math.max(1, navigator.hardwareConcurrency ?? 1);
  const cores = Number(given);
  if (!Number.isInteger(cores) || cores < 1 || cores > MAX_SLOTS) {
    throw new UsageError(`--cores takes a number from 1 to ${MAX_SLOTS}`);
  }
  return cores;
}

/**
 * Returns how many of the wanted slots this machine can lend: each takes memory, and more than cores gain nothing.
 *
 * @param say takes the line that says so when they are fewer
 */
export function boundedByMachine(
  wanted: number,
  say: (text: string) => void,
  cores = navigator.hardwareConcurrency ?? 1,
): number {
  if (wanted <= cores) return wanted;
  say(
    `this machine has ${cores === 1 ? "1 core" : `${cores} cores`}: it lends no more, instead of ${wanted}`,
  );
  return cores;
}

/**
 * Returns the options with what the address chooses as a page's does (`#device=My_laptop;cores=2;`), unless an option
 * says otherwise. Hosts that functions may reach are not chosen there: whoever wrote the address may be another.
 */
export function withChoices({ words, named }: Options, choices: Choices): Options {
  const chosen = new Map<string, string>();
  if (choices.device !== null) chosen.set("device", choices.device);
  if (choices.cores !== null) chosen.set("cores", String(choices.cores));
  if (choices.protocol !== null) chosen.set("protocol", choices.protocol);
  return { words, named: new Map([...chosen, ...named]) };
}

/** Returns the name to present: `--device`, or what the system says. */
export function deviceOf(options: Options): string {
  const given = options.named.get("device")?.replaceAll("_", " ").trim();
  return given || `${Deno.build.os} ${Deno.build.arch}`;
}

/**
 * Returns the hosts that functions may reach: `--allow-net`, or none.
 *
 * @throws {UsageError} `--allow-net` names no hosts
 */
export function grantsOf(options: Options): readonly string[] {
  const given = options.named.get("allow-net");
  const hosts = given === undefined ? [] : parseHosts(given);
  if (hosts !== null) return hosts;
  throw new UsageError("--allow-net takes hosts, separated by commas: NAME, NAME:PORT or SCHEME://NAME");
}

/** Returns whether a volunteer without a page takes a job, for which nobody can be asked. */
export function considerWithoutPage({ context, allow_net }: HelloInfo, granted: readonly string[]): Verdict {
  if (context === "page") {
    return { declined: "this job's function needs a page (--context=page), which only a browser has" };
  }
  if (covers(granted, allow_net)) return "take";
  return {
    declined: `this job's function may reach ${inWords(allow_net)}, and --allow-net does not grant it here`,
  };
}

let statusStream: { writeSync(bytes: Uint8Array): number } = Deno.stderr;

/** Has status lines written to stdout, which leads where the user reads them: stderr is watched for Deno's own. */
export function writeStatusToStdout(): void {
  statusStream = Deno.stdout;
}

/** Writes a status line to stderr; foreign text in it cannot act on the terminal. */
export function writeStatus(text: string): void {
  // deno-lint-ignore no-control-regex
  const shown = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").slice(0, MAX_STATUS_CHARACTERS);
  writeLine(`pando-volunteer: ${shown}`);
}

/** Writes a line of the function's console to stderr, for the client that has started this program. */
export function writeConsoleLine(text: string): void {
  writeLine(toJson({ console: text }));
}

function writeLine(text: string): void {
  try {
    statusStream.writeSync(new TextEncoder().encode(`${text}\n`));
  } catch {
    // stderr is closed, which is no reason to stop working.
  }
}

/**
 * Calls `leave` on the first signal that asks the program to end; a second one ends it at once.
 *
 * @param ignored names of signals, separated by commas, that were ignored when the program was started
 */
export function onSignals(leave: () => void, ignored = ""): void {
  let asked = false;
  for (const [signal, number] of ENDING_SIGNALS) {
    const isIgnored = ignored.split(",").includes(signal);
    Deno.addSignalListener(signal, () => {
      // Deno has handlers of its own, which end it: to be ignored, a signal has to be caught.
      if (isIgnored) return;
      if (asked) Deno.exit(128 + number);
      asked = true;
      leave();
    });
  }
}

/** Runs `main`; wrong usage becomes one line and the exit status 2. */
export async function command(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    writeStatus(error.message);
    Deno.exit(2);
  }
}
