/** A volunteer with real workers in Deno, whose servers and clients the test plays. */

import { DenoHost } from "../../src/pool/deno_host.ts";
import type { JobOwner } from "../../src/volunteer/job_owner.ts";
import { SessionRunner } from "../../src/volunteer/session_runner.ts";
import { type Connector, Volunteer } from "../../src/volunteer/volunteer.ts";
import { FakeChannel } from "./fakes.ts";
import { SQUARE, until } from "./helpers.ts";
import { useWorkerSource } from "./workers.ts";

/** A volunteer for whom this test plays all servers and clients. */
export class TestVolunteer {
  readonly channels: FakeChannel[] = [];
  readonly phases: string[] = [];
  items = 0;
  /** Called when the volunteer's status has changed. */
  changed = () => undefined as void;
  readonly runner: SessionRunner;
  readonly volunteer: Volunteer;

  constructor(connect?: Connector, owner?: JobOwner) {
    this.runner = new SessionRunner(new DenoHost(), 1, {
      greeted: ({ job, title }) => this.volunteer.greeted(job, title),
      consider: () => "take",
      receiving: (have, total) => this.volunteer.receiving(have, total),
      loaded: () => this.volunteer.loaded(),
      broken: (message) => this.volunteer.broken(message),
      answered: (items) => this.items += items,
      wrote: () => undefined,
      log: () => undefined,
    }, owner);
    const open: Connector = () => {
      this.channels.push(new FakeChannel());
      return Promise.resolve(this.channels.at(-1)!);
    };
    this.volunteer = new Volunteer(this.runner, connect ?? open, { device: "d", agent: "a" }, () => {
      this.changed();
      const { phase } = this.volunteer.status;
      if (this.phases.at(-1) !== phase) this.phases.push(phase);
    });
  }

  async until(condition: () => boolean): Promise<void> {
    await until(condition, () => `${this.phases}`);
  }

  /** Joins and works until the function is loaded. */
  async work(): Promise<FakeChannel> {
    this.volunteer.join();
    await this.until(() => this.channels.length === 1);
    await this.greet(this.channels[0]);
    return this.channels[0];
  }

  async greet(channel: FakeChannel): Promise<void> {
    await channel.hello(SQUARE);
    await this.until(() => this.volunteer.status.phase === "working");
  }
}

/** Runs `body` with a volunteer that leaves at the end. */
export async function withVolunteer(
  body: (test: TestVolunteer) => Promise<void>,
  connect?: Connector,
  owner?: JobOwner,
): Promise<void> {
  await useWorkerSource();
  const test = new TestVolunteer(connect, owner);
  try {
    await body(test);
  } finally {
    await test.volunteer.leave("left");
  }
}
