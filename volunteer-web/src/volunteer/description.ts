/** The status of a volunteer, in one word for programs and in a sentence for people. */

import type { Tries } from "./attempts.ts";
import type { Search } from "./beside.ts";
import { countOf, type Reader, reasonOf } from "./reason.ts";
import type { LastEnding, Status } from "./volunteer.ts";

/** The word: `document.body.dataset.state` of the page. */
export type State =
  | "asking"
  | "consent"
  | "connecting"
  | "waiting"
  | "working"
  | "paused"
  | "left"
  | "lost"
  | "done"
  | "unable";

/** What the description depends on. */
export type StatusInput = {
  readonly status: Status;
  readonly lastEnding: LastEnding;
  /** What was tried in vain; null if there is nothing to say. */
  readonly tries: Tries | null;
  /** Whether nothing is heard from the client for a while, and how the search for another one goes. */
  readonly isQuiet: boolean;
  readonly search: Search;
  readonly reader: Reader;
  /** Paused by the owner. */
  readonly paused: boolean;
  /** Slots that are lent. */
  readonly slots: number;
  /** Slots that run something now. */
  readonly busy: number;
  /** Milliseconds for which each of them has sent no result. */
  readonly unansweredMs: readonly number[];
  /** Cores of the device. */
  readonly cores: number;
  /** Milliseconds of the same clock as `retryAt`. */
  readonly now: number;
};

/** An item that takes this long is mentioned. */
const LONG_MS = 60_000;

const THANKS = {
  none: "",
  done: "Job done: thank you!",
  stopped: "The job was ended by whoever started it: thank you!",
} as const;

function loadingText(status: Status & { phase: "loading" }): string {
  const { transfer } = status;
  if (transfer === undefined || transfer.have === transfer.total) {
    return `Loading the function of job ${named(status)}…`;
  }
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const { have, total } = transfer;
  return `Receiving the function of job ${named(status)}: ${megabytes(have)} of ${megabytes(total)} MB…`;
}

/** Returns the word and the sentence. */
export function describe(input: StatusInput): { readonly state: State; readonly text: string } {
  const { status, lastEnding, paused, now } = input;
  if (status.phase === "left") {
    return { state: "left", text: "You have left. What this device had not finished was handed back." };
  }
  if (paused) return { state: "paused", text: pausedText(input) };
  if (lastEnding !== "none") {
    return { state: "done", text: `${THANKS[lastEnding]} ${nextText(status, now)}` };
  }
  switch (status.phase) {
    case "connecting":
      return { state: "connecting", text: connectingText(status.job, input) };
    case "waiting":
      return { state: "waiting", text: "There is no job now. Work begins by itself when there is one." };
    case "loading":
      return { state: "connecting", text: loadingText(status) };
    case "asking":
      return { state: "consent", text: `Job ${named(status)} asks for something that you may refuse.` };
    case "working":
      if (input.search !== "none") return { state: "connecting", text: silentText(status, input.search) };
      return { state: "working", text: workingText(status, input) };
    case "lost":
      return { state: "lost", text: lostText(status, input) };
    case "refused": {
      const why = status.why === "" ? "" : ` (${status.why})`;
      const text = `This job has enough volunteers at the moment${why}. Asking again`;
      return { state: "waiting", text: `${text} ${inSeconds(status.retryAt - now)}.` };
    }
    case "unable": {
      const again = Number.isFinite(status.retryAt)
        ? ` Trying again ${inSeconds(status.retryAt - now)}.`
        : "";
      return { state: "unable", text: `${capital(status.why)}.${again}` };
    }
  }
}

function pausedText({ status, busy }: StatusInput): string {
  const finishing = busy > 0 ? ` What is begun is being finished on ${cores(busy)}.` : "";
  const connected = status.phase === "working" ? " Still connected." : "";
  return `Paused by you.${finishing || connected}`;
}

function connectingText(job: string | null, { tries, reader, now }: StatusInput): string {
  if (tries !== null) return againText(reasonOf(tries.last, reader), countOf(tries, now), "…");
  return job === null ? "Connecting…" : `Connecting to job ${job}…`;
}

function lostText({ why, retryAt }: Status & { phase: "lost" }, { tries, reader, now }: StatusInput): string {
  const again = ` ${inSeconds(retryAt - now)}.`;
  if (tries?.last.why !== why) return againText(why, "", again);
  return againText(reasonOf(tries.last, reader), countOf(tries, now), again);
}

/** One colon in a sentence is enough. */
function againText(why: string, count: string, again: string): string {
  const joint = why.includes(": ") ? ". Trying again" : ": trying again";
  return capital(why) + count + joint + again;
}

function silentText(status: Status & { phase: "working" }, search: Search): string {
  const silent = `Nothing is heard any more from the client of job ${named(status)}`;
  switch (search) {
    case "no job":
      return `${silent}, and the server has no other job. Waiting for either…`;
    case "failed":
      return `${silent}, and no other can be reached. Trying again…`;
    default:
      return `${silent}. Asking the server where to go…`;
  }
}

function workingText(status: Status & { phase: "working" }, input: StatusInput): string {
  const { slots, busy, cores: all, unansweredMs, isQuiet } = input;
  const quiet = isQuiet ? " Nothing is heard from the client at the moment." : "";
  if (busy === 0) return `Ready for job ${named(status)}: nothing to do at the moment.${quiet}`;
  const working = `Working for job ${named(status)} with ${slots} of ${cores(Math.max(all, slots))}.`;
  return working + longText(unansweredMs.filter((ms) => ms >= LONG_MS)) + quiet;
}

function longText(ms: readonly number[]): string {
  if (ms.length === 0) return "";
  const longest = Math.max(...ms);
  if (ms.length === 1) return ` One item has been running for ${minutes(longest)}.`;
  return ` ${ms.length} items have been running for a minute or more, one of them for ${minutes(longest)}.`;
}

/** In whole minutes: the text is read aloud whenever it changes. */
function minutes(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return minutes === 1 ? "1 minute" : `${minutes} minutes`;
  return `${Math.floor(minutes / 60)} hours`;
}

function nextText(status: Status, now: number): string {
  if (status.phase === "unable") return `${capital(status.why)}.`;
  const again = status.phase === "lost" ? status.retryAt - now : 0;
  return again > 3000 ? `Looking for the next one ${inSeconds(again)}.` : "Waiting for the next one.";
}

function named({ job, title }: { job: string; title: string }): string {
  return title === "" || title === job ? job : `${job} (${title})`;
}

function cores(count: number): string {
  return count === 1 ? "1 core" : `${count} cores`;
}

function inSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds > 0 ? `in ${seconds} s` : "now";
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
