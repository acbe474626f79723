import net from "node:net";
import { pino } from "pino";
import { flowsAtMost } from "./descriptors.ts";
import { openLinkIdentity } from "./identity-store.ts";
import type { Pegasus, PegasusOptions } from "./pegasus.ts";
import { workerPathFrom } from "./worker-command.ts";
import { WorkerPool } from "./worker-pool.ts";

/** With fewer the log says what to raise. */
const FEW_FLOWS = 4_000;
/** Links to a peer, over all workers. */
const LINKS_A_PEER = 4;

/**
 * Starts Pegasus: opens (or makes) the link identity and resolves when all workers listen.
 * @throws Error that says what is wrong with the state folder, which port is taken, or which right is missing.
 */
export async function startPegasus(options: PegasusOptions): Promise<Pegasus> {
  const log = options.log ?? pino({ name: "pegasus" }, pino.destination(2));
  const identity = await openLinkIdentity(options.stateDir, new Date());
  await checkPortFree(options.linkPort, undefined);
  await checkPortFree(options.capturePort, "127.0.0.1");
  const pool = await WorkerPool.start({
    workers: options.workers,
    workerPath: workerPathFrom(import.meta.url),
    log,
    settings: {
      identity,
      linkPort: options.linkPort,
      capturePort: options.capturePort,
      linksAPeer: Math.max(1, Math.ceil(LINKS_A_PEER / options.workers)),
    },
  });
  const { engine: relayEngine, rights } = pool;
  const flows = options.workers * flowsAtMost();
  if (flows < FEW_FLOWS) {
    const todo = "raise LimitNOFILE of arctic-dataplane.service, or ulimit -Hn";
    log.warn(
      { flows_at_most: flows, reason: `more TCP flows than that wait for others to end: ${todo}` },
      "few_descriptors",
    );
  }
  log.info(
    { workers: options.workers, relay_engine: relayEngine, rights, link_port: options.linkPort, flows_at_most: flows },
    "pegasus_started",
  );
  return {
    tlsFingerprint: identity.tlsFingerprint,
    relayEngine,
    apply: (plan) => pool.apply(plan),
    counters: async () => ({ ...(await pool.counters()), flowsAtMost: flows }),
    takeUse: () => pool.takeUse(),
    setRate: (service, bitsPerSecond) => pool.setRate(service, bitsPerSecond),
    stop: (drainMs) => pool.stop(drainMs),
  };
}

/** Workers share their ports, so a second Pegasus of the same user would share them too, unseen. */
function checkPortFree(port: number, host: string | undefined): Promise<void> {
  const probe = net.createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const where = host === undefined ? `port ${port}` : `${host} port ${port}`;
      const reason =
        error.code === "EADDRINUSE" ? "another process listens there; stop it or choose another" : error.message;
      reject(new Error(`Pegasus cannot listen on ${where}: ${reason}`));
    });
    probe.listen({ port, ...(host === undefined ? {} : { host }) }, () => probe.close(() => resolve()));
  });
}
