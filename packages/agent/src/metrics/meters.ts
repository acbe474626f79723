import type { Crypto, NodeFlags, Notice } from "@arctic/core";
import { Counter, Histogram, Registry } from "prom-client";
import type { Clock } from "../clock.ts";
import type { Change, Store } from "../store/store.ts";
import { LoopWatch } from "./loop-delay.ts";

/** What is counted while the agent runs. What can be read at the moment of asking is in api/metrics.ts. */
export interface Meters {
  readonly registry: Registry;
  readonly loop: LoopWatch;
  /** The node's flags as they were last stored. */
  readonly flags: NodeFlags;
  /** Counts what core tells. */
  noticed(notice: Notice): void;
  /** The same crypto, its signatures counted. */
  crypto(crypto: Crypto): Crypto;
  /** The same store, its commits timed. */
  store(store: Store): Store;
  stop(): void;
}

export function createMeters(clock: Clock): Meters {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `arctic_${name}`, help, labelNames, registers });
  const merged = counter("records_merged_total", "Records that changed the registry, by where they came from", [
    "from",
  ]);
  const ended = counter("records_ended_total", "Records that ended: pruned, or with their owner");
  const refused = counter("refused_total", "Records and frames that were refused, by reason", ["reason"]);
  const equivocations = counter("equivocations_total", "Pairs of contents that an owner signed under one version");
  const links = counter("links_total", "Links that were authenticated, by who dialled", ["direction"]);
  const linksClosed = counter("links_closed_total", "Authenticated links that ended");
  const failedDials = counter("peers_unreachable_total", "Peers that were given up after their tries");
  const checks = counter("signature_checks_total", "Signatures that were checked, by outcome", ["outcome"]);
  const [valid, invalid] = [checks.labels("valid"), checks.labels("invalid")];
  const signed = counter("signatures_made_total", "Signatures that this peer made");
  const failedCommits = counter("storage_failures_total", "Changes that the disk did not take");
  const commits = new Histogram({
    name: "arctic_storage_commit_seconds",
    help: "Time that a change, or several at once, took to be on disk",
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers,
  });
  const loop = new LoopWatch(clock);
  let flags: NodeFlags = {};
  const kept = (change: Change, keep: () => void): void => {
    try {
      keep();
    } catch (error) {
      failedCommits.inc();
      throw error;
    }
    flags = change.flags ?? flags;
  };

  return {
    registry,
    loop,
    get flags() {
      return flags;
    },
    noticed(notice) {
      switch (notice.type) {
        case "applied":
          merged.inc({ from: notice.from === undefined ? "here" : "peers" }, notice.records.length);
          ended.inc(notice.dropped.length);
          return;
        case "refused":
          refused.inc({ reason: notice.rejection.code }, notice.count);
          return;
        case "equivocation":
          equivocations.inc();
          return;
        case "peer_linked":
          links.inc({ direction: notice.direction });
          return;
        case "peer_unlinked":
          linksClosed.inc();
          return;
        case "peer_unreachable":
          failedDials.inc();
          return;
      }
    },
    crypto: (crypto) => ({
      ...crypto,
      sign(secretKey, message) {
        signed.inc();
        return crypto.sign(secretKey, message);
      },
      verify(publicKey, message, signature) {
        const isValid = crypto.verify(publicKey, message, signature);
        (isValid ? valid : invalid).inc();
        return isValid;
      },
    }),
    store: (store) => ({
      get refusal() {
        return store.refusal;
      },
      load() {
        const snapshot = store.load();
        ({ flags } = snapshot);
        return snapshot;
      },
      commit(change) {
        const startedAtMs = clock.elapsedMs();
        kept(change, () => store.commit(change));
        commits.observe((clock.elapsedMs() - startedAtMs) / 1000);
      },
      write: (change) => kept(change, () => store.write(change)),
      async flush() {
        const startedAtMs = clock.elapsedMs();
        try {
          await store.flush();
        } catch (error) {
          failedCommits.inc();
          throw error;
        }
        commits.observe((clock.elapsedMs() - startedAtMs) / 1000);
      },
      probe: () => store.probe(),
      close: () => store.close(),
    }),
    stop: () => loop.stop(),
  };
}
