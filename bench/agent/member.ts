import { monitorEventLoopDelay } from "node:perf_hooks";
import { createAgent } from "../../packages/agent/src/agent.ts";
import { testConfig } from "../../packages/agent/test/helpers/agents.ts";

/** An agent in a process of its own that tells the bench how it fares. Arguments: the roots file. */
const [rootsPath] = process.argv.slice(2);
const agent = createAgent(testConfig(rootsPath, { logLevel: "error" }), {
  onNotice: (notice) => {
    if (notice.type === "applied") merged += notice.records.length;
  },
});
let merged = 0;
let cpuBefore = process.cpuUsage();
await agent.start();
const { port, tlsFingerprint } = agent.status();
const delay = monitorEventLoopDelay({ resolution: 1 });
// A timer comes at each turn of the loop that it is due in: what the thread computed since the last one is a turn or two.
let [turnBefore, worstTurnMs] = [process.threadCpuUsage(), 0];
setInterval(() => {
  const { user, system } = process.threadCpuUsage(turnBefore);
  worstTurnMs = Math.max(worstTurnMs, (user + system) / 1000);
  turnBefore = process.threadCpuUsage();
}, 1);
process.send?.({ port, tlsFingerprint });
process.on("message", async (asked: "begin" | "tell" | "end") => {
  if (asked === "begin") {
    merged = 0;
    cpuBefore = process.cpuUsage();
    delay.enable();
    delay.reset();
    worstTurnMs = 0;
  }
  if (asked === "tell") {
    const { user, system } = process.cpuUsage(cpuBefore);
    process.send?.({ merged, worstStallMs: delay.max / 1e6, worstTurnMs, cpuMs: (user + system) / 1000 });
  }
  if (asked === "end") {
    await agent.stop();
    process.exit(0);
  }
});
