import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";

/** The scripts behind `npm start` and `npm test`, as processes of their own: two of them may be started at once. */
const exclusive = pathToFileURL(`${import.meta.dirname}/../../scripts/exclusive.mjs`).href;

describe("two setups of one checkout at once", () => {
  test("take turns", async () => {
    const [first, second] = [holder(400), holder(400)];
    const [one, other] = (await Promise.all([first.ended, second.ended])).sort((a, b) => a.from - b.from);
    expect(other?.from).toBeGreaterThanOrEqual(one?.to ?? Number.POSITIVE_INFINITY);
  });

  test("the second goes on when the first was killed", async () => {
    const first = holder(60_000);
    await first.holds;
    const second = holder(0);
    first.child.kill("SIGKILL");
    expect((await second.ended).to).toBeGreaterThan(0);
  });
});

/** A process that holds the setup's lock for so long, and tells from when to when it did. */
function holder(holdMs: number) {
  const source = `
    import { exclusively } from ${JSON.stringify(exclusive)};
    await exclusively(async () => {
      const from = Date.now();
      console.log("holds");
      await new Promise((resolve) => setTimeout(resolve, ${holdMs}));
      console.log(JSON.stringify({ from, to: Date.now() }));
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  const holds = new Promise<void>((resolve) =>
    child.stdout.on("data", (part) => {
      said += String(part);
      if (said.includes("holds")) resolve();
    }),
  );
  const ended = new Promise<{ from: number; to: number }>((resolve) =>
    child.on("close", () =>
      resolve(JSON.parse(said.split("\n")[1] || '{"from":0,"to":0}') as { from: number; to: number }),
    ),
  );
  return { child, holds, ended };
}
