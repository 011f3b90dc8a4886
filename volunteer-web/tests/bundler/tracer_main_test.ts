import assert from "node:assert/strict";
import { build } from "../../build.ts";
import { tracedBundle } from "../support/traced.ts";

Deno.test("the command maps one stack, without permissions, and says when it was given something else", async () => {
  const script = await Deno.makeTempFile({ suffix: ".js" });
  await Deno.writeTextFile(script, (await build()).client.get("tracer.js")!);
  const run = async (input: string) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", script],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = process.output();
    await new Blob([input]).stream().pipeTo(process.stdin);
    const { code, stdout, stderr } = await output;
    return [code, new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)];
  };
  const { map } = await tracedBundle();
  const stack = "TypeError: é\n    at each (pando-function.js:16:15)";
  assert.deepEqual(await run(JSON.stringify({ map, stack })), [
    0,
    JSON.stringify({
      stack: "TypeError: é\n    at each (lib/deep.js:3:43)",
      calls: [{ name: "each", file: "lib/deep.js", line: 3, column: 43 }],
    }) + "\n",
    "",
  ]);
  assert.deepEqual(await run(JSON.stringify({ map: "no map", stack })), [
    0,
    JSON.stringify({ stack, calls: [] }) + "\n",
    "",
  ]);
  for (const input of ["", "[]", "{", '{"map": 1, "stack": ""}', "null"]) {
    assert.deepEqual(await run(input), [1, "", "The tracer takes a map and a stack.\n"]);
  }
  await Deno.remove(script);
});
