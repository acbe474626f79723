import type { Pegasus, PegasusLog, PegasusPlan } from "../../../src/pegasus/pegasus.ts";
import { startPegasus } from "../../../src/pegasus/start-pegasus.ts";
import { CAPTURE_PORT, LINK_PORT } from "./world.ts";

/** One Pegasus in a namespace, driven by IPC. Arguments: its state folder, how many workers. */

const [stateDir = "", workers = "1"] = process.argv.slice(2);
const logged: string[] = [];
const note = (fields: Readonly<Record<string, unknown>>, event: string) => {
  logged.push(`${event} ${JSON.stringify(fields)}`);
  if (process.env.PEGASUS_TEST_LOG === "1") console.error(logged.at(-1));
};
const log: PegasusLog = { info: note, warn: note, error: note };
let pegasus: Pegasus | undefined;

process.on("disconnect", () => process.exit(0));
process.on("message", (message: { id: number; name: string; value: unknown }) => {
  answer(message.name, message.value).then(
    (value) => process.send?.({ id: message.id, value }),
    (error: Error) => process.send?.({ id: message.id, error: error.message }),
  );
});

async function answer(name: string, value: unknown): Promise<unknown> {
  switch (name) {
    case "start":
      pegasus = await startPegasus({
        stateDir,
        linkPort: LINK_PORT,
        capturePort: CAPTURE_PORT,
        workers: Number(workers),
        log,
      });
      return { tlsFingerprint: pegasus.tlsFingerprint };
    case "apply":
      return pegasus?.apply(value as PegasusPlan);
    case "counters":
      return pegasus?.counters();
    case "stop":
      return pegasus?.stop(value as number);
    case "logged":
      return logged;
  }
  throw new Error(`${name} is not known here`);
}
