/**
 * What has arrived of blobs (PROTOCOL.md, 2.2, rule 11), for as long as the page lives: what was on its way when a
 * connection broke is not sent again, and neither is the function of a job to which this volunteer comes back.
 */

import type { BlobInfo } from "../wire/hello.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of all blobs that are kept. */
const MAX_KEPT_BYTES = 128 * 1024 * 1024;

export class BlobStore {
  /** By digest, the one that was used last at the end. */
  #blobs = new Map<string, { readonly bytes: Bytes; have: number }>();
  #most: number;

  /** @param most bytes that are kept, besides those of the blob that was begun last */
  constructor(most: number = MAX_KEPT_BYTES) {
    this.#most = most;
  }

  /** Makes room for a blob, and returns how many of its first bytes are there. */
  begin({ digest, bytes }: BlobInfo): number {
    const known = this.#blobs.get(digest);
    this.#blobs.delete(digest);
    this.#makeRoom(bytes);
    // A browser takes the memory only when it is written to: that so much is announced costs nothing.
    const blob = known?.bytes.length === bytes ? known : { bytes: new Uint8Array(bytes), have: 0 };
    this.#blobs.set(digest, blob);
    return blob.have;
  }

  /** Adds bytes behind those of a blob that are there; it was begun, and has room for them. */
  add(digest: string, data: Bytes): number {
    const blob = this.#blobs.get(digest)!;
    blob.bytes.set(data, blob.have);
    return blob.have += data.length;
  }

  /** Returns a blob of which everything is there. */
  get(digest: string): Bytes {
    return this.#blobs.get(digest)!.bytes;
  }

  /** A blob is not what its digest says. */
  forget(digest: string): void {
    this.#blobs.delete(digest);
  }

  #makeRoom(bytes: number): void {
    let kept = bytes;
    for (const { bytes } of this.#blobs.values()) kept += bytes.length;
    for (const [digest, { bytes }] of this.#blobs) {
      if (kept <= this.#most) return;
      this.#blobs.delete(digest);
      kept -= bytes.length;
    }
  }
}
