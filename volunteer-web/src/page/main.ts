/** The volunteer page: composes it from the browser's parts. */

import { ConnectError } from "../connect/error.ts";
import { reloadOnce } from "./reload.ts";
import { connect, jobOf } from "../connect/connect.ts";
import { SandboxHost } from "../sandbox/host.ts";
import { defaultSlots, formatHash, isPhone, parseHash, recall, remember, shortAgent } from "./choices.ts";
import { Consent } from "./consent.ts";
import { Page } from "./page.ts";
import { View } from "./view.ts";
import { WakeLock, type WakeLocks } from "./wake_lock.ts";

const cores = Math.max(1, navigator.hardwareConcurrency ?? 2);
const store = () => localStorage;
const [inHash, kept] = [parseHash(location.hash), recall(store)];
const slots = inHash.cores ?? kept.cores ??
  defaultSlots(navigator.hardwareConcurrency, isPhone(navigator.userAgent));

const base = new URL(location.href);
const peers = typeof RTCPeerConnection === "undefined"
  ? "it has no RTCPeerConnection, or its owner has turned that off"
  : (iceServers: RTCIceServer[]) => new RTCPeerConnection({ iceServers });

const view = new View(cores);
new Page({
  view,
  host: new SandboxHost(view.sandbox, view.stage),
  connect: (on, signal) =>
    connect({ base, job: jobOf(base), wish: inHash.protocol, peers, ...on }, signal).catch((error) => {
      if (error instanceof ConnectError && error.outdated) {
        reloadOnce(() => sessionStorage, () => location.reload());
      }
      throw error;
    }),
  consent: new Consent(store, inHash.allowNet ?? []),
  wakeLock: new WakeLock((navigator as { wakeLock?: WakeLocks }).wakeLock),
  window: globalThis,
  document,
  cores,
  agent: shortAgent(navigator.userAgent),
  choices: { ...inHash, device: inHash.device ?? kept.device, cores: Math.min(cores, slots) },
  keep(choices) {
    history.replaceState(null, "", formatHash(choices));
    remember(store, choices);
  },
}).begin();
