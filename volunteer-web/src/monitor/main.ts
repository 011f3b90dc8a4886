/**
 * The monitoring page: fetches the state of the job at every reporting interval and shows it as a table.
 *
 * What it gets is described by `JobStatus` in the client's `monitoring.py`. Device names come from strangers, so only
 * `textContent` is ever set.
 */

type Volunteer = {
  readonly id: string;
  readonly device: string;
  readonly channel: string;
  readonly address: string;
  readonly state: string;
  readonly slots: number;
  readonly leases: number;
  readonly items: number;
  readonly throughput: number;
  readonly load: number;
  readonly round_trip_ms: number | null;
  readonly connected_s: number;
  readonly reported_items: number;
  readonly reported_units: string;
  readonly reported_cpu_ms: number;
  readonly reported_data_transfer_ms: number;
};
type Job = {
  readonly job: string;
  readonly read: number;
  readonly waiting: number;
  readonly lent: number;
  readonly held_back: number;
  readonly written: number;
  readonly left: number;
  readonly interval_ms: number;
  readonly volunteers: readonly Volunteer[];
};
type Column = {
  readonly title: string;
  readonly text?: boolean;
  readonly of: (volunteer: Volunteer) => string;
};

const RETRY_MS = 3000;

const COLUMNS: readonly Column[] = [
  { title: "Device", text: true, of: (v) => v.device || v.id },
  { title: "State", text: true, of: (v) => v.state },
  { title: "Connection", text: true, of: (v) => v.channel },
  { title: "Address", text: true, of: (v) => v.address },
  { title: "Cores", of: (v) => String(v.slots) },
  { title: "In hand", of: (v) => String(v.leases) },
  { title: "Items", of: (v) => v.items.toLocaleString("en") },
  { title: "Items/s", of: (v) => v.throughput.toFixed(2) },
  { title: "Load", of: (v) => `${Math.round(v.load * 100)} %` },
  { title: "Round trip", of: (v) => v.round_trip_ms === null ? "" : `${Math.round(v.round_trip_ms)} ms` },
  { title: "Connected", of: (v) => duration(v.connected_s) },
  // What the function says of itself, if it does.
  {
    title: "Reported",
    of: (v) => v.reported_items === 0 ? "" : `${number(v.reported_items)} ${v.reported_units}`,
  },
  { title: "CPU time", of: (v) => reported(v.reported_cpu_ms) },
  { title: "Data transfer", of: (v) => reported(v.reported_data_transfer_ms) },
];

function number(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
}

function reported(ms: number): string {
  return ms === 0 ? "" : ms < 1000 ? `${number(ms)} ms` : duration(ms / 1000);
}

function duration(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, text: string, isText = false) {
  const made = document.createElement(name);
  made.textContent = text;
  if (isText) made.className = "text";
  return made;
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

function show(job: Job): void {
  const figures: readonly [string, number][] = [
    ["Read", job.read],
    ["Waiting", job.waiting],
    ["Lent", job.lent],
    ["Held back", job.held_back],
    ["Written", job.written],
    ["Volunteers", job.volunteers.length],
    ["Have left", job.left],
  ];
  byId("job").replaceChildren(...figures.map(([name, value]) => {
    const figure = document.createElement("div");
    figure.append(element("dt", name), element("dd", value.toLocaleString("en")));
    return figure;
  }));
  byId("rows").replaceChildren(...job.volunteers.map((volunteer) => {
    const row = document.createElement("tr");
    row.append(...COLUMNS.map((column) => element("td", column.of(volunteer), column.text)));
    return row;
  }));
  byId("state").textContent = `Job ${job.job}, as of ${new Date().toLocaleTimeString("en-GB")}`;
}

async function update(): Promise<number> {
  try {
    const response = await fetch("status.json", { cache: "no-store" });
    const job: Job = await response.json();
    show(job);
    return job.interval_ms;
  } catch {
    byId("state").textContent = "The job is over, or its computer cannot be reached. Trying again…";
    return RETRY_MS;
  }
}

byId("head").replaceChildren(...COLUMNS.map((column) => element("th", column.title, column.text)));
while (true) {
  const pause = await update();
  await new Promise((resolve) => setTimeout(resolve, pause));
}
