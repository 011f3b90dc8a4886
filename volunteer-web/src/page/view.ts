/**
 * Everything on the page that a person sees or touches. Only this module and the sandbox's host know the DOM; text
 * enters it as text only.
 */

import { rateText, spanText } from "./meter.ts";
import type { State } from "../volunteer/description.ts";

/** What the owner of the device does. */
export interface ViewEvents {
  start(device: string): void;
  slots(count: number): void;
  /** Pauses or resumes. */
  pause(): void;
  /** Leaves or joins again. */
  leave(): void;
  /** Agrees to what the job asks for. */
  agree(): void;
}

/** What is shown. */
export type Shown = {
  readonly state: State;
  readonly text: string;
  readonly paused: boolean;
  readonly device: string;
  readonly slots: number;
  /** Items per second, in the last seconds and on average. */
  readonly rate: number;
  readonly average: number;
  readonly items: number;
  readonly workedMs: number;
};

const MAX_LOG_LINES = 200;
const MAX_LINE_CHARACTERS = 300;
const WORDS: Record<State, string> = {
  asking: "Welcome",
  consent: "Your decision",
  connecting: "Connecting",
  waiting: "Waiting",
  working: "Working",
  paused: "Paused",
  left: "Left",
  lost: "Connection lost",
  done: "Job ended",
  unable: "Cannot work",
};

export class View {
  #form = element<HTMLFormElement>("device-form");
  #name = element<HTMLInputElement>("device-name");
  #panel = element("panel");
  #word = element("word");
  #status = element("status");
  #throughput = element("throughput");
  #average = element("average");
  #items = element("items-done");
  #worked = element("worked");
  #device = element("device");
  #slots = element<HTMLInputElement>("slots");
  #slotsNow = element<HTMLOutputElement>("slots-now");
  #pause = element<HTMLButtonElement>("pause");
  #leave = element<HTMLButtonElement>("leave");
  #log = element("log");
  #consent = element("consent");
  #reach = element("reach");
  #terms = element("terms");
  #itemsShown = -1;

  /** @param cores slots that can be chosen at most */
  constructor(cores: number) {
    this.#slots.max = String(cores);
    this.#slots.disabled = cores === 1;
  }

  /** Tells from now on what the owner does. */
  listen(events: ViewEvents): void {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      events.start(this.#name.value);
    });
    this.#slots.addEventListener("input", () => events.slots(this.#slots.valueAsNumber));
    this.#pause.addEventListener("click", () => events.pause());
    this.#leave.addEventListener("click", () => events.leave());
    element("agree").addEventListener("click", () => events.agree());
  }

  /** The iframe in which workers run the function. */
  get sandbox(): HTMLIFrameElement {
    return element<HTMLIFrameElement>("frame");
  }

  /** The place for what the job's function shows. */
  get stage(): HTMLElement {
    return element("stage");
  }

  /** Says what the job's function is given. An empty text hides it. */
  terms(text: string): void {
    this.#terms.hidden = text === "";
    setText(this.#terms, text);
  }

  /** Asks whether a job's function may reach what the text says. Null withdraws the question. */
  askFor(reach: string | null): void {
    this.#consent.hidden = reach === null;
    if (reach !== null) setText(this.#reach, reach);
  }

  /** Asks for the name of the device. */
  ask(): void {
    document.body.dataset.state = "asking";
    this.#form.hidden = false;
    this.#panel.hidden = true;
  }

  /** Shows the status. */
  show(shown: Shown): void {
    const { state, paused } = shown;
    document.body.dataset.state = state;
    this.#form.hidden = true;
    this.#panel.hidden = false;
    setText(this.#word, WORDS[state]);
    // A live region: it is read aloud whenever its text changes, so it only changes when there is something new.
    setText(this.#status, shown.text);
    // The rate is that of the last seconds: a page that does not work now has none.
    setText(this.#throughput, rateText(state === "working" ? shown.rate : 0));
    setText(this.#average, `${rateText(shown.average)} items/s`);
    setText(this.#worked, spanText(shown.workedMs));
    setText(this.#device, shown.device);
    setText(this.#slotsNow, String(shown.slots));
    this.#showItems(shown.items);
    if (document.activeElement !== this.#slots) this.#slots.value = String(shown.slots);
    this.#pause.disabled = state === "left";
    setText(this.#pause, paused ? "Resume" : "Pause");
    setText(this.#leave, state === "left" ? "Join again" : "Leave");
    const title = state === "working" ? `${rateText(shown.rate)} items/s – Pando` : `${WORDS[state]} – Pando`;
    if (document.title !== title) document.title = title;
  }

  /** Adds a line to the log; old ones go. */
  log(level: "info" | "error", text: string): void {
    const line = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = clockTime(new Date());
    line.append(time, ` ${text.slice(0, MAX_LINE_CHARACTERS)}`);
    line.className = level;
    this.#log.prepend(line);
    while (this.#log.childElementCount > MAX_LOG_LINES) this.#log.lastElementChild?.remove();
  }

  /** Groups of three digits stand apart, but the text, when it is read or copied, is the plain number. */
  #showItems(items: number): void {
    if (items === this.#itemsShown) return;
    this.#itemsShown = items;
    const groups = String(items).match(/\d{1,3}(?=(\d{3})*$)/g) ?? [];
    this.#items.replaceChildren(...groups.map((digits) => {
      const span = document.createElement("span");
      span.textContent = digits;
      return span;
    }));
  }
}

function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

/** Returns hours, minutes and seconds. Written by hand: browsers take 20 ms or more to load their formats of dates. */
function clockTime(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((n) => String(n).padStart(2, "0")).join(
    ":",
  );
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
