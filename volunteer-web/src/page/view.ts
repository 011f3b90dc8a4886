/**
 * Everything on the page that a person sees or touches. Alone knows the DOM; text only ever enters it as text.
 */

import { rateText, spanText } from "./meter.ts";
import type { State } from "../volunteer/description.ts";

/** What the person does. */
export interface Wishes {
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
  /** Items per second, of late and on average. */
  readonly rate: number;
  readonly average: number;
  readonly items: number;
  readonly workedMs: number;
};

const MAX_LOG_LINES = 200;
const MAX_LINE = 300;
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
  constructor(cores: number, wishes: Wishes) {
    this.#slots.max = String(cores);
    this.#slots.disabled = cores === 1;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      wishes.start(this.#name.value);
    });
    this.#slots.addEventListener("input", () => wishes.slots(this.#slots.valueAsNumber));
    this.#pause.addEventListener("click", () => wishes.pause());
    this.#leave.addEventListener("click", () => wishes.leave());
    element("agree").addEventListener("click", () => wishes.agree());
  }

  /** The frame in which the function runs. */
  get frame(): HTMLIFrameElement {
    return element<HTMLIFrameElement>("frame");
  }

  /** Where the job's function shows something, if it does. */
  get stage(): HTMLElement {
    return element("stage");
  }

  /** Says what the job's function is given: empty if it is nothing worth a word. */
  terms(text: string): void {
    this.#terms.hidden = text === "";
    setText(this.#terms, text);
  }

  /** Asks whether a job's function may reach something, said in words; with null it does not ask. */
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

  /** Shows how things are. */
  show(shown: Shown): void {
    const { state, paused } = shown;
    document.body.dataset.state = state;
    this.#form.hidden = true;
    this.#panel.hidden = false;
    setText(this.#word, WORDS[state]);
    // A live region: it is read aloud whenever its text changes, so it only changes when there is something new.
    setText(this.#status, shown.text);
    // What was worked a few seconds ago is no rate of somebody who does nothing now.
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
    line.append(time, ` ${text.slice(0, MAX_LINE)}`);
    line.className = level;
    this.#log.prepend(line);
    while (this.#log.childElementCount > MAX_LOG_LINES) this.#log.lastElementChild?.remove();
  }

  /** Groups of three digits are apart for the eye, but the text is the plain number. */
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

/** Hours, minutes and seconds; by hand, since browsers take 20 ms or more to load their words for dates. */
function clockTime(now: Date): string {
  return [now.getHours(), now.getMinutes(), now.getSeconds()].map((n) => String(n).padStart(2, "0")).join(
    ":",
  );
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
