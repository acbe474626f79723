import { type ChildProcess, spawn } from "node:child_process";
import { within } from "../../examples/quickstart/cluster.ts";
import { addresses } from "../../examples/quickstart/world.ts";
import type { LivingCluster } from "../support/living-cluster.ts";

/** One TCP flow and one stream of echoes that go on over all kills; neither may notice any of them. */
export interface WatchedFlows {
  /** What they noticed since they were asked last. */
  noticed(): string[];
  /** Ends both; gives what was lost in all. */
  end(): Promise<string[]>;
}

/** Reads slowly, for as long as it is left to; says how far it is, and how it ended where it did. */
const SLOW_READER = `
const socket = require("node:net").connect({ host: "${addresses.server}", port: 9000 });
let read = 0;
socket.on("connect", () => socket.write(JSON.stringify({ seed: "chaos", bytes: 1e12 }) + "\\n"));
socket.on("data", (piece) => { read += piece.length; socket.pause(); setTimeout(() => socket.resume(), 20); });
for (const event of ["end", "error"]) socket.on(event, (error) => console.log("ended " + (error?.message ?? event)));
setInterval(() => console.log("read " + read), 200);
`;

export async function watchFlows(cluster: LivingCluster): Promise<WatchedFlows> {
  const namespace = cluster.world.namespaceByPlace.client;
  const reader = start(within(namespace, [process.execPath, "-e", SLOW_READER]));
  const echoes = start(within(namespace, ["ping", "-n", "-q", "-i", "0.02", addresses.server]));
  let lastRead = 0;
  const noticed = (): string[] => {
    const [, read = "0"] = [...reader.text().matchAll(/^read (\d+)$/gm)].at(-1) ?? [];
    const [, why] = /^ended (.*)$/m.exec(reader.text()) ?? [];
    const found =
      why === undefined && Number(read) > lastRead ? [] : [`the TCP flow stands still: ${why ?? "nothing"}`];
    lastRead = Number(read);
    return found;
  };
  return {
    noticed,
    end: async () => {
      echoes.child.kill("SIGINT");
      await echoes.ended;
      reader.child.kill("SIGKILL");
      await reader.ended;
      const [, sent = "0", answered = "0"] = /(\d+) packets transmitted, (\d+) received/.exec(echoes.text()) ?? [];
      if (Number(sent) > 0 && sent === answered) return [];
      return [`${Number(sent) - Number(answered)} of ${sent} echoes were lost`];
    },
  };
}

function start(argv: readonly string[]): { child: ChildProcess; text(): string; ended: Promise<unknown> } {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (part) => {
    text += String(part);
  });
  return { child, text: () => text, ended: new Promise((resolve) => child.on("close", resolve)) };
}
