/** The messages of the data plane (PROTOCOL.md, 2.2 and 2.3), but for leases and results, which `results.ts` has. */

import type { HelloInfo } from "./hello.ts";
import type { Report } from "./report.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How much a volunteer lends now; `slots` may be 0, a pause. */
export type ReadyInfo = {
  readonly protocol: number;
  readonly slots: number;
  readonly device: string;
  readonly agent: string;
  /** What this page or process calls itself on each of its channels. */
  readonly life: string;
  /** The same, and kept when the page is loaded again. */
  readonly tab: string;
};

export type Hello = { readonly type: "hello"; readonly info: HelloInfo };
/** Bytes of a blob from `offset` on. */
export type Blob = {
  readonly type: "blob";
  /** SHA-256 in hexadecimal. */
  readonly digest: string;
  readonly offset: number;
  /** At least one. */
  readonly data: Bytes;
};
export type Withdraw = { readonly type: "withdraw"; readonly leases: readonly number[] };
export type Ping = { readonly type: "ping"; /** 8 bytes */ readonly token: Bytes };
export type Goodbye = { readonly type: "goodbye"; readonly reason: string; readonly text: string };
/** What a client says. */
export type FromClient = Hello | Withdraw | Ping | Goodbye | Blob;

export type Ready = { readonly type: "ready"; readonly info: ReadyInfo };
export type Return = { readonly type: "return"; readonly leases: readonly number[] };
export type Pong = { readonly type: "pong"; /** 8 bytes */ readonly token: Bytes };
export type Broken = { readonly type: "broken"; readonly message: string; readonly stack: string };
export type Reported = { readonly type: "report"; readonly report: Report };
/** Asks for blobs, each from a byte on. */
export type Accept = {
  readonly type: "accept";
  readonly blobs: readonly { readonly digest: string; readonly from: number }[];
};
/** Bytes of leases and blobs have arrived. */
export type Received = { readonly type: "received"; readonly size: number };
/** What a volunteer says. */
export type FromVolunteer = Ready | Return | Pong | Goodbye | Broken | Reported | Accept | Received;

/** Reasons with which a client says goodbye. */
export const CLIENT_REASONS = ["done", "stopped", "full", "protocol", "silent"] as const;

/** Reasons with which a volunteer says goodbye. */
export type LeaveReason = "left" | "closed" | "failed" | "declined" | "protocol";
