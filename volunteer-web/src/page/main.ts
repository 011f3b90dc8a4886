/** The volunteer page: composes the parts and minds the page's life. */

import { Attendance } from "../volunteer/session_runner.ts";
import { connect, jobOf } from "../connect/connect.ts";
import { Consent } from "./consent.ts";
import { frameHost } from "../sandbox/host.ts";
import type { HelloInfo } from "../wire/hello.ts";
import { Meter } from "./meter.ts";
import {
  cleanDevice,
  defaultSlots,
  formatHash,
  isPhone,
  parseHash,
  recall,
  remember,
  shortAgent,
} from "./choices.ts";
import { inWords } from "../wire/allowed_hosts.ts";
import { describe } from "../volunteer/description.ts";
import { View } from "./view.ts";
import { Volunteer } from "../volunteer/volunteer.ts";
import { WakeLock, type WakeLocks } from "./wake_lock.ts";

const REFRESH_MS = 500;
/** The screen stays on for so long when there is nothing to do. */
const LINGER_MS = 30_000;

const cores = Math.max(1, navigator.hardwareConcurrency ?? 2);
const store = () => localStorage;
const [inHash, kept] = [parseHash(location.hash), recall(store)];
const agent = navigator.userAgent;
const unnamed = shortAgent(agent);
// Asked once: a name that was given here before is consent as well, until the person leaves the page.
let device = inHash.device ?? kept.device;
let slots = Math.min(
  cores,
  inHash.cores ?? kept.cores ?? defaultSlots(navigator.hardwareConcurrency, isPhone(agent)),
);
let paused = false;
/** Whether the page left by itself because it was put away, and comes back by itself. */
let putAway = false;
let volunteer: Volunteer | null = null;
let said = "";
let logged = "";

let busyAt = -Infinity;
const consent = new Consent(store, inHash.allowNet ?? []);
/** The job that waits for a decision. */
let asked: HelloInfo | null = null;

const meter = new Meter();
const wakeLock = new WakeLock((navigator as { wakeLock?: WakeLocks }).wakeLock);
const view = new View(cores, {
  start(name) {
    device = cleanDevice(name) || unnamed;
    keep();
    begin(device);
  },
  slots(count) {
    slots = count;
    keep();
    if (!paused) attendance.setSlots(slots);
    show();
  },
  pause() {
    paused = !paused;
    attendance.setSlots(paused ? 0 : slots);
    view.log("info", paused ? "Paused" : "Resumed");
    show();
  },
  leave() {
    if (volunteer?.doing.phase === "left") volunteer.join();
    else volunteer?.leave("left");
  },
  agree() {
    if (asked === null) return;
    const { job, title } = asked;
    consent.agree();
    view.askFor(asked = null);
    volunteer?.greeted(job, title);
    attendance.agree();
    show();
  },
});
const host = frameHost(view.frame, view.stage);
const attendance = new Attendance(host, device === null ? 0 : slots, {
  greeted(info) {
    const { job, title, context, allow_net } = info;
    const terms = context === "page" ? ["Its function has a place on this page to show something."] : [];
    if (allow_net.length > 0) terms.push(`It may reach: ${inWords(allow_net)}.`);
    view.log("info", [`Job ${job}: ${title}.`, ...terms].join(" "));
    view.terms(terms.join(" "));
    volunteer?.greeted(job, title);
  },
  consider(info) {
    const { job, title, allow_net } = info;
    // Where no server assigns jobs, the page came from the client itself, and its word is all there is.
    const question = consent.question(volunteer?.assigned ?? job, allow_net);
    if (question === null) return "take";
    asked = info;
    view.askFor(question);
    volunteer?.asking(job, title);
    return "ask";
  },
  loaded: () => volunteer?.loaded(),
  broken: (message) => volunteer?.broken(message),
  answered(items) {
    // Also the time: short jobs come and go between two ticks of the clock.
    meter.tick(performance.now(), true);
    meter.add(items, performance.now());
    // The first answer is shown at once, the others with the clock.
    if (meter.items === items) show();
  },
  log: (level, text) => view.log(level, text),
});

function begin(device: string): void {
  if (!paused) attendance.setSlots(slots);
  volunteer = new Volunteer(
    attendance,
    (on, signal) =>
      connect(
        { base: new URL(location.href), job: jobOf(new URL(location.href)), wish, peers, ...on },
        signal,
      ),
    { device, agent: unnamed },
    show,
  );
  volunteer.join();
  setInterval(() => {
    meter.tick(performance.now(), attendance.busy > 0);
    show();
  }, REFRESH_MS);
  addEventListener("pagehide", putPageAway);
  document.addEventListener("freeze", putPageAway);
  addEventListener("pageshow", comeBack);
  document.addEventListener("resume", comeBack);
  addEventListener("online", comeBack);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    comeBack();
    wakeLock.refresh();
  });
}

function putPageAway(): void {
  if (volunteer === null || volunteer.doing.phase === "left") return;
  putAway = true;
  volunteer.leave("closed");
}

function comeBack(): void {
  if (putAway) volunteer?.join();
  else if (volunteer?.doing.phase !== "left") volunteer?.hurry();
  putAway = false;
}

/** Keeps the choices in the hash and in storage. */
function keep(): void {
  const choices = { device, cores: slots, protocol: inHash.protocol, allowNet: inHash.allowNet };
  history.replaceState(null, "", formatHash(choices));
  remember(store, choices);
}

const wish = inHash.protocol;
const peers = typeof RTCPeerConnection === "undefined"
  ? "it has no RTCPeerConnection, or its owner has turned that off"
  : (iceServers: RTCIceServer[]) => new RTCPeerConnection({ iceServers });

function show(): void {
  if (volunteer === null) return;
  const now = performance.now();
  const { doing, thanks } = volunteer;
  const { busy, unansweredMs } = attendance;
  if (busy > 0) busyAt = now;
  wakeLock.want(doing.phase === "working" && !paused && now - busyAt < LINGER_MS);
  if (asked !== null && doing.phase !== "asking") view.askFor(asked = null);
  if (doing.phase !== "asking" && doing.phase !== "loading" && doing.phase !== "working") view.terms("");
  const { state, text } = describe({
    doing,
    thanks,
    paused,
    slots: attendance.lent,
    busy,
    unansweredMs,
    cores,
    now,
  });
  const { items, workedMs, average } = meter;
  view.show({
    state,
    text,
    paused,
    device: device ?? "",
    slots,
    rate: meter.rate(now),
    average,
    items,
    workedMs,
  });
  // Every change of what goes on is logged once; that seconds pass, or a slot is idle for a moment, is none.
  const event = doing.phase === "lost" || doing.phase === "unable" ? doing.why : doing.phase;
  if (event !== said && text !== logged && state !== "paused") {
    view.log(state === "unable" ? "error" : "info", text);
    logged = text;
  }
  said = event;
}

if (device === null) view.ask();
else begin(device);
