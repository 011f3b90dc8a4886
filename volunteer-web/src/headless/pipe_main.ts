/**
 * A volunteer that speaks frames on its stdin and stdout, for a client on the same machine. It needs no permission.
 *
 * `pipe.js [--cores=N] [--device=NAME] [--allow-net[=HOSTS]]`; ends when stdin does.
 */

import { Attendance } from "../volunteer/session_runner.ts";
import { denoHost } from "../pool/deno_host.ts";
import { PipeChannel } from "../connect/pipe.ts";
import {
  command,
  considerWithoutPage,
  coresOf,
  deviceOf,
  grantsOf,
  onSignals,
  parseOptions,
  status,
  UsageError,
} from "./command_line.ts";

await command(async () => {
  const options = parseOptions(Deno.args, ["cores", "device", "allow-net"]);
  if (options.words.length > 0) throw new UsageError(`unexpected argument ${options.words[0]}`);
  const granted = grantsOf(options);
  const attendance = new Attendance(denoHost, coresOf(options), {
    greeted: () => undefined,
    consider: (info) => considerWithoutPage(info, granted),
    loaded: () => undefined,
    broken: (message) => status(`the function cannot run here: ${message}`),
    answered: () => undefined,
    log: (_, text) => status(text),
  });
  const channel = new PipeChannel({ readable: Deno.stdin.readable, writable: Deno.stdout.writable });
  const ended = attendance.attend(channel, { device: deviceOf(options), agent: `Deno ${Deno.version.deno}` });
  onSignals(() => attendance.leave("left"));
  const { by, reason, text } = await ended;
  await channel.close();
  if (by === "volunteer" && reason === "protocol") status(`the client broke the protocol: ${text}`);
  return reason === "protocol" ? 1 : 0;
});
