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
await agent.start();
const { port, tlsFingerprint } = agent.status();
const delay = monitorEventLoopDelay({ resolution: 1 });
process.send?.({ port, tlsFingerprint });
process.on("message", async (asked: "begin" | "tell" | "end") => {
  if (asked === "begin") {
    merged = 0;
    delay.enable();
    delay.reset();
  }
  if (asked === "tell")
    process.send?.({ merged, worstStallMs: delay.max / 1e6, rssMb: process.memoryUsage().rss / 1e6 });
  if (asked === "end") {
    await agent.stop();
    process.exit(0);
  }
});
