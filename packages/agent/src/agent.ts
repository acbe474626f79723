import * as nodeCrypto from "node:crypto";
import { cryptoFromNode, type Notice } from "@arctic/core";
import { checkedOnce } from "./checked-once.ts";
import { type Clock, systemClock } from "./clock.ts";
import { createLog } from "./log.ts";
import { type AgentStatus, type Powers, type RunningAgent, startRunning } from "./running-agent.ts";
import { type AgentConfig, settingsForNextStart } from "./settings.ts";

/** One for all agents of the process. */
const hostCrypto = checkedOnce(cryptoFromNode(nodeCrypto));

/** What an agent takes from outside beside its configuration. Left out, it is the host's own. */
export interface AgentParts {
  readonly clock?: Clock;
  readonly crypto?: Powers["crypto"];
  /** Told of everything that core notices, such as records that were taken up. */
  readonly onNotice?: (notice: Notice) => void;
  /** Takes each finished log line; standard error where left out. */
  readonly writeLog?: (line: string) => void;
}

export interface Agent {
  /** Throws an Error that says what is wrong with the host's state or configuration; then nothing runs. */
  start(): Promise<void>;
  /** Ends within five seconds; what was acknowledged stays. */
  stop(): Promise<void>;
  /** Takes up what can change while it runs; the log names what counts only from the next start on. */
  reload(config: AgentConfig): void;
  /** Says in the log that a configuration was wrong, and goes on with the one it has. */
  refuseConfig(problems: readonly string[]): void;
  status(): AgentStatus;
}

/** The composition root: every power enters here. */
export function createAgent(config: AgentConfig, parts: AgentParts = {}): Agent {
  const clock = parts.clock ?? systemClock;
  const crypto = parts.crypto ?? hostCrypto;
  const write = parts.writeLog ?? ((line: string) => void process.stderr.write(line));
  const log = createLog({ format: config.logFormat, level: config.logLevel, write });
  let running: RunningAgent | undefined;
  let present = config;

  return {
    async start() {
      if (running !== undefined) throw new Error("the agent runs already");
      running = await startRunning(() => present, { clock, crypto, log, onNotice: parts.onNotice });
    },
    async stop() {
      const ending = running;
      running = undefined;
      await ending?.stop();
    },
    reload(next) {
      const waiting = settingsForNextStart(present, next);
      present = { ...present, advertise: next.advertise, logLevel: next.logLevel };
      log.setLevel(next.logLevel);
      running?.configChanged();
      log.info("config.reloaded", { log_level: next.logLevel, advertise: next.advertise });
      if (waiting.length > 0) log.warn("config.needs_restart", { settings: waiting });
    },
    refuseConfig: (problems) => log.error("config.refused", { problems }),
    status: () => running?.status() ?? { phase: "stopped", port: 0, tlsFingerprint: undefined, peerId: undefined },
  };
}
