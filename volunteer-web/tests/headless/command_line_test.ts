import assert from "node:assert/strict";
import { parseHash } from "../../src/volunteer/hash.ts";
import {
  boundedByMachine,
  considerWithoutPage,
  coresOf,
  deviceOf,
  grantsOf,
  parseOptions,
  UsageError,
  withChoices,
} from "../../src/headless/command_line.ts";
import { HELLO } from "../support/helpers.ts";

Deno.test("an option without a value grants every host, one with an empty value none", () => {
  const granted = (...args: string[]) => grantsOf(parseOptions(args, ["allow-net"]));
  assert.deepEqual([granted(), granted("--allow-net="), granted("--allow-net=,")], [[], [], []]);
  assert.deepEqual([granted("--allow-net"), granted("--allow-net=*")], [["*"], ["*"]]);
  assert.deepEqual(granted("--allow-net=a.example"), ["a.example"]);
});

Deno.test("a volunteer without a page declines what it cannot give, and what its owner has not granted", () => {
  const consider = (context: "worker" | "page", allow_net: string[], granted: string[] = []) =>
    JSON.stringify(considerWithoutPage({ ...HELLO, context, allow_net }, granted));
  assert.deepEqual(consider("worker", []), '"take"');
  assert.deepEqual(consider("worker", ["a.example"], ["*"]), '"take"');
  assert.ok(consider("worker", ["a.example"]).includes("may reach a.example"), "names the host");
  assert.ok(consider("page", [], ["*"]).includes("--context=page"), "names the option");
});

Deno.test("options have values, words have none, and an unknown option is refused with those that there are", () => {
  const { words, named } = parseOptions(["a", "--cores=2", "--loopback", "b"], ["cores", "loopback"]);
  assert.deepEqual([words, [...named]], [["a", "b"], [["cores", "2"], ["loopback", ""]]]);
  assert.throws(() => parseOptions(["--colour"], ["cores"]), {
    message: "unknown option --colour; there are --cores",
  });
});

Deno.test("the value of an option may be the next word", () => {
  const { words, named } = parseOptions(["--cores", "2", "a", "--device", "b c"], ["cores", "device"]);
  assert.deepEqual([words, [...named]], [["a"], [["cores", "2"], ["device", "b c"]]]);
  for (const args of [["a", "--cores"], ["--cores", "--device=b"]]) {
    assert.throws(() => parseOptions(args, ["cores", "device"]), { message: "--cores needs a value" });
  }
});

Deno.test("more cores than the machine has are not lent, and that is said", () => {
  const said: string[] = [];
  const bounded = (wanted: number, cores: number) =>
    boundedByMachine(wanted, (text) => said.push(text), cores);
  assert.deepEqual([bounded(1, 2), bounded(2, 2), said.length], [1, 2, 0]);
  assert.deepEqual([bounded(999, 2), bounded(2, 1)], [2, 1]);
  assert.deepEqual(said, [
    "this machine has 2 cores: it lends no more, instead of 999",
    "this machine has 1 core: it lends no more, instead of 2",
  ]);
});

Deno.test("the choices of an address count unless an option says otherwise", () => {
  const choices = parseHash("#device=My_laptop;cores=2;protocol=websocket;allow-net;");
  const chosen = withChoices(parseOptions(["a", "--cores=1"], ["cores"]), choices);
  assert.deepEqual([chosen.words, [...chosen.named].sort()], [["a"], [
    ["cores", "1"],
    ["device", "My laptop"],
    ["protocol", "websocket"],
  ]]);
  assert.deepEqual([...withChoices(parseOptions([], []), parseHash("")).named], []);
});

Deno.test("cores are a number that a volunteer may lend, or those of this machine", () => {
  const cores = (...args: string[]) => coresOf(parseOptions(args, ["cores"]));
  assert.deepEqual([cores(), cores("--cores=1"), cores("--cores=1024")], [
    navigator.hardwareConcurrency,
    1,
    1024,
  ]);
  for (const wrong of ["0", "1025", "1.5", "x", ""]) {
    assert.throws(() => cores(`--cores=${wrong}`), UsageError, wrong);
  }
});

Deno.test("a device is named with spaces for underscores, or by its system", () => {
  const device = (...args: string[]) => deviceOf(parseOptions(args, ["device"]));
  assert.deepEqual([device("--device=My_laptop"), device()], [
    "My laptop",
    `${Deno.build.os} ${Deno.build.arch}`,
  ]);
});
