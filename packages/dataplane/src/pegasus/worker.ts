import { setFlagsFromString } from "node:v8";
import { DataPath, ENGINE } from "./data-path.ts";
import type { PegasusPlan } from "./pegasus.ts";
import { changedPlan } from "./plan-change.ts";
import { checkTransparent } from "./socket.ts";
import type { FromWorker, ToWorker } from "./worker-message.ts";

/** The worker process: one data path, driven by its parent. It ends when the parent does, however that ends. */

/**
 * A flow runs little code, and the same for each: it is compiled for good after a sixth of the calls that V8 waits for, and
 * not by its middle compiler before. A V8 that does not know one of them says so on standard error and goes on.
 */
const V8_FLAGS = [
  "--no-maglev",
  "--invocation-count-for-turbofan=500",
  "--minimum-invocations-after-ic-update=100",
] as const;

const USE_EVERY_MS = 100;

let path: DataPath | undefined;
/** As it was told last. */
let plan: PegasusPlan | undefined;
let wasAsked = false;
/** Plans are applied one after the other, in the order in which they came. */
let applied: Promise<void> = Promise.resolve();

for (const flag of V8_FLAGS) setFlagsFromString(flag);
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C reaches the whole group; the parent decides how its workers stop.
process.on("SIGINT", () => {});
process.on("message", (message: ToWorker) => receive(message));
setInterval(() => tellUse(), USE_EVERY_MS).unref();
sayHello();

function sayHello(): void {
  try {
    checkTransparent();
    send({ type: "hello", engine: ENGINE.name });
  } catch (error) {
    send({ type: "unable", reason: messageOf(error) });
  }
}

/** Only where a limit was asked for anything, and once after. */
function tellUse(): void {
  const use = path?.takeUse() ?? [];
  const isAsked = use.some(({ bytes, waiting }) => bytes > 0 || waiting > 0);
  if (isAsked || wasAsked) send({ type: "use", use });
  wasAsked = isAsked;
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case "start":
      applied = start(message);
      return;
    case "apply":
      applied = applied.then(() => apply(message.request, message));
      return;
    case "rates":
      path?.setRates(message.rates);
      return;
    case "count":
      if (path !== undefined) send({ type: "counts", request: message.request, counts: path.counts });
      return;
    case "stop":
      void stop(message.drainMs);
      return;
  }
}

async function start(message: Extract<ToWorker, { type: "start" }>): Promise<void> {
  const { plan: first, ...options } = message;
  plan = first;
  try {
    path = await DataPath.start(options, first);
    send({ type: "ready" });
  } catch (error) {
    send({ type: "failed", reason: messageOf(error) });
  }
}

async function apply(request: number, { change }: Extract<ToWorker, { type: "apply" }>): Promise<void> {
  try {
    if (plan === undefined) throw new Error("a change came before the first plan");
    plan = changedPlan(plan, change);
    await path?.apply(plan);
    send({ type: "applied", request });
  } catch (error) {
    send({ type: "applied", request, error: messageOf(error) });
  }
}

async function stop(drainMs: number): Promise<void> {
  await path?.stop(drainMs);
  process.exit(0);
}

function send(message: FromWorker): void {
  process.send?.(message, () => {});
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1000);
}
