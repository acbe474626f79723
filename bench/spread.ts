import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { falseAlarms, idleBytes, settledCrowd, spreadRow, worstDeath, worstSpread } from "./spread/measures.ts";
import { limited, type Row, report } from "./support/report.ts";

/** What one process measures; each is a crowd of its own. */
const PARTS: Readonly<Record<string, (peerHours: number) => Row[]>> = {
  hundred: () => crowdOf(100, { updates: 10, limits: undefined, idle: 300, deaths: 8 }),
  thousand: () => crowdOf(1000, { updates: 10, limits: { calm: 0.5, lossy: 1 }, idle: 400, deaths: 5 }),
  "ten-thousand": () => crowdOf(10_000, { updates: 3, limits: { calm: 1, lossy: 2 }, idle: undefined, deaths: 0 }),
  alarms: (peerHours) => [
    limited(
      `false alarms in ${peerHours.toLocaleString("en-US")} peer-hours at 5 % loss`,
      "alarms, plus one",
      1 + falseAlarms(settledCrowd(100, 5), peerHours, 0.05),
      1,
    ),
  ],
};

const { values } = parseArgs({
  options: {
    part: { type: "string", multiple: true },
    "peer-hours": { type: "string", default: "1000" },
    json: { type: "boolean", default: false },
  },
});
const peerHours = Number(values["peer-hours"]);
const asked = values.part ?? Object.keys(PARTS);
const unknown = asked.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined || !Number.isFinite(peerHours) || peerHours <= 0) {
  process.stderr.write(`--part takes ${Object.keys(PARTS).join(", ")}; --peer-hours a number above 0\n`);
  process.exitCode = 2;
} else if (process.send !== undefined) process.send(PARTS[asked[0] ?? ""]?.(peerHours) ?? []);
else report((await Promise.all(asked.map((name) => measure(name)))).flat());

/** Each part in a process of its own: a crowd of ten thousand wants a heap of its own, too. */
function measure(part: string): Promise<Row[]> {
  const child = fork(fileURLToPath(import.meta.url), ["--part", part, "--peer-hours", String(peerHours)], {
    execArgv: [...process.execArgv, "--max-old-space-size=12000"],
  });
  return new Promise((resolve, reject) => {
    let rows: Row[] | undefined;
    child.on("message", (message: Row[]) => {
      rows = message;
    });
    child.on("exit", (code) => (rows === undefined ? reject(new Error(`${part} ended with ${code}`)) : resolve(rows)));
  });
}

function crowdOf(
  size: number,
  asks: {
    readonly updates: number;
    readonly limits: { readonly calm: number; readonly lossy: number } | undefined;
    readonly idle: number | undefined;
    readonly deaths: number;
  },
): Row[] {
  const crowd = settledCrowd(size, 1);
  const rows: Row[] = [];
  const name = size.toLocaleString("en-US");
  const limits = asks.limits ?? { calm: 0.5, lossy: 1 };
  rows.push(spreadRow(size, 0, worstSpread(crowd, asks.updates, 0), limits.calm));
  rows.push(spreadRow(size, 0.1, worstSpread(crowd, asks.updates, 0.1), limits.lossy));
  if (asks.idle !== undefined) {
    crowd.runFor(300_000);
    const { mean } = idleBytes(crowd, 600_000);
    rows.push(limited(`idle bytes that each of ${name} peers sends, all headers counted`, "B/s", mean, asks.idle));
  }
  if (asks.deaths > 0)
    rows.push(
      limited(
        `a dead host of ${name} is known to all, worst of ${asks.deaths}`,
        "s",
        worstDeath(crowd, asks.deaths),
        10,
      ),
    );
  return rows;
}
