import assert from "node:assert/strict";
import { WakeLock } from "../../src/page/wake_lock.ts";
import { sleep } from "../support/helpers.ts";

/** Gives locks and takes them back, as a browser does. */
class Locks {
  given = 0;
  released = 0;
  refuses = false;
  readonly #listeners: (() => void)[] = [];

  request() {
    if (this.refuses) return Promise.reject(new Error("hidden"));
    this.given++;
    const release = () => {
      this.released++;
      return Promise.resolve();
    };
    const addEventListener = (_: string, listener: () => void) => void this.#listeners.push(listener);
    return Promise.resolve({ release, addEventListener });
  }

  takeBack(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

Deno.test("a lock that the browser takes badly stops nothing", async () => {
  const release = () => {
    throw new Error("released already");
  };
  const lock = new WakeLock({
    request: () => Promise.resolve({ release, addEventListener: () => undefined }),
  });
  lock.want(true);
  await sleep(0);
  assert.ok(lock.held);
  lock.want(false);
  await lock.refresh();
  assert.ok(!lock.held);
});

const settled = () => sleep(0);

Deno.test("the screen is kept on while that is wanted, and asked for once", async () => {
  const locks = new Locks();
  const lock = new WakeLock(locks);
  lock.want(true);
  lock.want(true);
  await settled();
  lock.want(true);
  await settled();
  assert.deepEqual([locks.given, lock.held], [1, true]);
  lock.want(false);
  await settled();
  assert.deepEqual([locks.released, lock.held], [1, false]);
});

Deno.test("a lock that the browser took or refused is asked for again when the page is visible", async () => {
  const locks = new Locks();
  const lock = new WakeLock(locks);
  locks.refuses = true;
  lock.want(true);
  await settled();
  assert.equal(lock.held, false);
  locks.refuses = false;
  await lock.refresh();
  locks.takeBack();
  assert.equal(lock.held, false);
  await lock.refresh();
  assert.deepEqual([locks.given, lock.held], [2, true]);
});

Deno.test("a wish that passes while the browser thinks is not held against anybody", async () => {
  const locks = new Locks();
  const lock = new WakeLock(locks);
  lock.want(true);
  lock.want(false);
  await settled();
  assert.deepEqual([locks.given, locks.released, lock.held], [1, 1, false]);
  const none = new WakeLock(undefined);
  none.want(true);
  await none.refresh();
  assert.equal(none.held, false);
});
