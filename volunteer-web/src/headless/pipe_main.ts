/**
 * A volunteer that speaks frames on its stdin and stdout, for a client on the same machine. It needs no permission.
 *
 * What the function writes to its console goes to stderr, as lines of JSON: `{"console": TEXT}`. Other lines there are
 * this program's own.
 *
 * `pipe.js [--cores=N] [--device=NAME] [--allow-net[=HOSTS]]`; ends when stdin does.
 */

import { DenoHost } from "../pool/deno_host.ts";
import { ConsoleReader } from "../volunteer/console_reader.ts";
import { SessionRunner } from "../volunteer/session_runner.ts";
import { PipeChannel } from "../connect/pipe.ts";
import {
  command,
  considerWithoutPage,
  coresOf,
  deviceOf,
  grantsOf,
  onSignals,
  parseOptions,
  UsageError,
  writeConsoleLine,
  writeStatus,
} from "./command_line.ts";

/** Lines of the function's console that its author is shown in each window of time. */
const CONSOLE_LINES = 1000;
const CONSOLE_WINDOW_MS = 5000;

await command(async () => {
  const options = parseOptions(Deno.args, ["cores", "device", "allow-net"]);
  if (options.words.length > 0) throw new UsageError(`unexpected argument ${options.words[0]}`);
  const granted = grantsOf(options);
  const reader = new ConsoleReader(CONSOLE_LINES, CONSOLE_WINDOW_MS, (_, line) => writeConsoleLine(line));
  setInterval(() => reader.tick(), CONSOLE_WINDOW_MS);
  const runner = new SessionRunner(new DenoHost(), coresOf(options), {
    greeted: () => undefined,
    consider: (info) => considerWithoutPage(info, granted),
    receiving: () => undefined,
    loaded: () => undefined,
    broken: (message) => writeStatus(`the function cannot run here: ${message}`),
    answered: () => undefined,
    wrote: (lines) => reader.take(lines),
    log: (_, text) => writeStatus(text),
  });
  const channel = new PipeChannel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  const ended = runner.run(channel, { device: deviceOf(options), agent: `Deno ${Deno.version.deno}` });
  onSignals(() => runner.leave("left"));
  const { by, reason, text } = await ended;
  reader.end();
  await channel.close();
  if (by === "volunteer" && reason === "protocol") writeStatus(`the client broke the protocol: ${text}`);
  return reason === "protocol" ? 1 : 0;
});
