/** The volunteer page: what its owner chooses, what a job asks for, and what is shown of both. */

import type { WorkerHost } from "../pool/worker_host.ts";
import { ConsoleReader } from "../volunteer/console_reader.ts";
import { describe } from "../volunteer/description.ts";
import type { JobOwner } from "../volunteer/job_owner.ts";
import { SessionRunner, type Verdict } from "../volunteer/session_runner.ts";
import { type Connector, Volunteer } from "../volunteer/volunteer.ts";
import { inWords } from "../wire/allowed_hosts.ts";
import type { HelloInfo } from "../wire/hello.ts";
import { type Choices, cleanDevice } from "./choices.ts";
import type { Consent } from "./consent.ts";
import { Lifecycle, type VisibleDocument } from "./lifecycle.ts";
import { Meter } from "./meter.ts";
import { StatusLog } from "./status_log.ts";
import type { View, ViewEvents } from "./view.ts";
import type { WakeLock } from "./wake_lock.ts";

const REFRESH_MS = 500;
/** The screen stays on for this long after the last slot has fallen idle. */
const LINGER_MS = 30_000;
/** Lines of the function's console that are shown in each window of time. */
const CONSOLE_LINES = 40;
const CONSOLE_WINDOW_MS = 1000;

/** What a page is made of. */
export type PageParts = {
  readonly view: Pick<View, "listen" | "ask" | "show" | "terms" | "askFor" | "log">;
  readonly host: WorkerHost;
  readonly connect: Connector;
  readonly consent: Consent;
  readonly wakeLock: Pick<WakeLock, "want" | "refresh">;
  readonly window: EventTarget;
  readonly document: VisibleDocument;
  /** Cores of the device. */
  readonly cores: number;
  /** The browser and the system in a few words, which also name a device that has no other name. */
  readonly agent: string;
  /** What its owner has chosen so far; a device that has a name begins at once. */
  readonly choices: Choices & { readonly cores: number };
  /** For whom this page works. */
  readonly jobOwner: JobOwner;
  /** Keeps what the owner chooses; may throw. */
  keep(choices: Choices): void;
};

export class Page implements ViewEvents {
  #parts: PageParts;
  #device: string | null;
  #slots: number;
  #paused = false;
  #runner: SessionRunner;
  /** Null until the device has a name. */
  #volunteer: Volunteer | null = null;
  /** The job that waits for the owner's decision. */
  #asked: HelloInfo | null = null;
  #meter = new Meter();
  #log = new StatusLog();
  /** What the function writes. */
  #console: ConsoleReader;
  /** When a slot last ran something, in milliseconds of `performance.now`. */
  #busyAt = -Infinity;

  constructor(parts: PageParts) {
    this.#parts = parts;
    this.#device = parts.choices.device;
    this.#slots = parts.choices.cores;
    this.#console = new ConsoleReader(
      CONSOLE_LINES,
      CONSOLE_WINDOW_MS,
      (level, line) => parts.view.log(level, line),
    );
    this.#runner = new SessionRunner(parts.host, this.#device === null ? 0 : this.#slots, {
      greeted: (info) => this.#greeted(info),
      consider: (info) => this.#consider(info),
      receiving: (have, total) => this.#volunteer?.receiving(have, total),
      loaded: () => this.#volunteer?.loaded(),
      broken: (message) => this.#volunteer?.broken(message),
      answered: (items) => this.#answered(items),
      wrote: (lines) => this.#console.take(lines),
      log: (level, text) => parts.view.log(level, text),
    }, parts.jobOwner);
    parts.view.listen(this);
  }

  /** Begins, or asks for the name of the device first: a name that was given before is consent as well. */
  begin(): void {
    if (this.#device === null) this.#parts.view.ask();
    else this.#join(this.#device);
  }

  // What the owner does.

  start(name: string): void {
    this.#device = cleanDevice(name) || this.#parts.agent;
    this.#join(this.#device);
    this.#keepChoices();
  }

  slots(count: number): void {
    this.#slots = count;
    if (!this.#paused) this.#runner.setSlots(count);
    this.#update();
    // Last: to keep a choice is a convenience, to obey it is not.
    this.#keepChoices();
  }

  pause(): void {
    this.#paused = !this.#paused;
    this.#runner.setSlots(this.#paused ? 0 : this.#slots);
    this.#parts.view.log("info", this.#paused ? "Paused" : "Resumed");
    this.#update();
  }

  leave(): void {
    if (this.#volunteer?.status.phase === "left") this.#volunteer.join();
    else this.#volunteer?.leave("left");
  }

  agree(): void {
    if (this.#asked === null) return;
    const { job, title } = this.#asked;
    this.#parts.consent.agree();
    this.#ask(null);
    this.#volunteer?.greeted(job, title);
    this.#runner.agree();
    this.#update();
  }

  #join(device: string): void {
    const { connect, agent, window, document, wakeLock } = this.#parts;
    if (!this.#paused) this.#runner.setSlots(this.#slots);
    this.#volunteer = new Volunteer(this.#runner, connect, { device, agent }, () => this.#update());
    this.#volunteer.join();
    setInterval(() => {
      this.#meter.tick(performance.now(), this.#runner.busy > 0);
      this.#console.tick();
      this.#update();
    }, REFRESH_MS);
    new Lifecycle(this.#volunteer).listen(window, document, () => wakeLock.refresh());
  }

  #keepChoices(): void {
    try {
      this.#parts.keep({ ...this.#parts.choices, device: this.#device, cores: this.#slots });
    } catch {
      // Browsers forbid storage and addresses in more ways than can be known. The choice holds for this visit.
    }
  }

  // What a job does.

  #greeted({ job, title, context, allow_net }: HelloInfo): void {
    const terms = context === "page" ? ["Its function has a place on this page to show something."] : [];
    if (allow_net.length > 0) terms.push(`It may reach: ${inWords(allow_net)}.`);
    this.#parts.view.log("info", [`Job ${job}: ${title}.`, ...terms].join(" "));
    this.#parts.view.terms(terms.join(" "));
    this.#volunteer?.greeted(job, title);
  }

  #consider(info: HelloInfo): Verdict {
    const { job, title, allow_net } = info;
    // Where no server assigns jobs, the page came from the client itself, and its word is all there is.
    const question = this.#parts.consent.question(this.#volunteer?.assigned ?? job, allow_net);
    if (question === null) return "take";
    this.#ask(info, question);
    this.#volunteer?.asking(job, title);
    return "ask";
  }

  #ask(info: HelloInfo | null, question: string | null = null): void {
    this.#asked = info;
    this.#parts.view.askFor(question);
  }

  #answered(items: number): void {
    const now = performance.now();
    // The time is counted too: short jobs come and go between two refreshes.
    this.#meter.tick(now, true);
    this.#meter.add(items, now);
    // The first result is shown at once, the others with the next refresh.
    if (this.#meter.items === items) this.#update();
  }

  // What follows from a change.

  #update(): void {
    if (this.#volunteer === null) return;
    const now = performance.now();
    this.#keepScreenOn(this.#volunteer, now);
    this.#withdrawWhatIsOver(this.#volunteer);
    this.#show(this.#volunteer, now);
  }

  #keepScreenOn({ status }: Volunteer, now: number): void {
    if (this.#runner.busy > 0) this.#busyAt = now;
    this.#parts.wakeLock.want(
      status.phase === "working" && !this.#paused && now - this.#busyAt < LINGER_MS,
    );
  }

  /** A question and terms are about one job, and go with it. */
  #withdrawWhatIsOver({ status: { phase } }: Volunteer): void {
    if (this.#asked !== null && phase !== "asking") this.#ask(null);
    if (phase !== "asking" && phase !== "loading" && phase !== "working") this.#parts.view.terms("");
  }

  #show({ status, lastEnding, tries, search }: Volunteer, now: number): void {
    const { view, cores } = this.#parts;
    const { lent, busy, unansweredMs, isQuiet } = this.#runner;
    const paused = this.#paused;
    const { state, text } = describe({
      status,
      lastEnding,
      tries,
      isQuiet,
      search,
      reader: "page",
      paused,
      slots: lent,
      busy,
      unansweredMs,
      cores,
      now,
    });
    const { items, workedMs, average } = this.#meter;
    const [device, slots, rate] = [this.#device ?? "", this.#slots, this.#meter.rate(now)];
    view.show({ state, text, paused, device, slots, rate, average, items, workedMs });
    const line = this.#log.lineFor({ status, state, text, tries });
    if (line !== null) view.log(line.level, line.text);
  }
}
