/** The volunteer page: composes it from the browser's parts. */

import { connect } from "../connect/connect.ts";
import { placeOf } from "../connect/place.ts";
import { SandboxHost } from "../sandbox/host.ts";
import { type Checker, JobOwner } from "../volunteer/job_owner.ts";
import { defaultSlots, formatHash, isPhone, parseHash, recall, remember, shortAgent } from "./choices.ts";
import { AddressBar } from "./address_bar.ts";
import { Consent } from "./consent.ts";
import { Page } from "./page.ts";
import { View } from "./view.ts";
import { WakeLock, type WakeLocks } from "./wake_lock.ts";

const cores = Math.max(1, navigator.hardwareConcurrency ?? 2);
const store = () => localStorage;
const [inHash, kept] = [parseHash(location.hash), recall(store)];
const slots = inHash.cores ?? kept.cores ??
  defaultSlots(navigator.hardwareConcurrency, isPhone(navigator.userAgent));

const place = placeOf(new URL(location.href));
const peers = typeof RTCPeerConnection === "undefined"
  ? "it has no RTCPeerConnection, or its owner has turned that off"
  : (iceServers: RTCIceServer[]) => new RTCPeerConnection({ iceServers });

const address = new AddressBar((hash) => history.replaceState(null, "", hash));
addEventListener("pagehide", () => address.flush());

// By an address and not by a name: it is a script of its own, and loaded only when there is something to check.
const loadChecker = (): Promise<Checker> => import(new URL("crypto.js", place.base).href);

const view = new View(cores);
new Page({
  view,
  host: new SandboxHost(view.sandbox, view.stage),
  connect: (on, signal) => connect({ ...place, wish: inHash.protocol, peers, ...on }, signal),
  jobOwner: new JobOwner(inHash.client, loadChecker),
  consent: new Consent(store, inHash.allowNet ?? []),
  wakeLock: new WakeLock((navigator as { wakeLock?: WakeLocks }).wakeLock),
  window: globalThis,
  document,
  cores,
  agent: shortAgent(navigator.userAgent),
  choices: { ...inHash, device: inHash.device ?? kept.device, cores: Math.min(cores, slots) },
  keep(choices) {
    address.show(formatHash(choices));
    remember(store, choices);
  },
}).begin();
// What stands there until this script has started.
document.getElementById("not-started")?.remove();
