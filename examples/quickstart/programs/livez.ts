import { setTimeout as sleep } from "node:timers/promises";

/** `livez.ts PORT SECONDS`: ends with 0 as soon as the agent of this host answers GET /livez with 200. */
const [port = "8080", seconds = "20"] = process.argv.slice(2);
const deadlineAt = Date.now() + Number(seconds) * 1000;

let last = "no answer";
for (;;) {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(2_000) });
    if (reply.ok) break;
    last = `${reply.status} ${await reply.text()}`;
  } catch (error) {
    last = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
  }
  if (Date.now() > deadlineAt) {
    process.stderr.write(`GET /livez on port ${port}: ${last}\n`);
    process.exit(1);
  }
  await sleep(100);
}
