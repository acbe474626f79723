import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Pair, startPair } from "../packages/dataplane/test/system/support/pair.ts";
import { routed } from "../packages/dataplane/test/system/support/plans.ts";
import { BUILT, NODE } from "./dataplane/worlds.ts";
import { limited, type Row, report } from "./support/report.ts";

/** How exactly a service's limit is held over ten seconds: by TCP, by UDP, and by both at once, each way. */

const { values } = parseArgs({
  options: {
    mbps: { type: "string", multiple: true, default: ["10", "100", "1000"] },
    seconds: { type: "string", default: "10" },
    json: { type: "boolean" },
  },
});

const STREAM = fileURLToPath(new URL("../packages/dataplane/test/system/support/stream.ts", import.meta.url));
const SERVER = "10.71.3.2";
/** Percent of the limit. */
const OFF_AT_MOST = 3;
/** What a userspace tunnel carries sets what UDP is asked for. */
const UDP_UP_TO_MBPS = 100;
const FLOWS = 2;

interface Load {
  readonly name: string;
  readonly flows: number;
  /** Of the limit; more than it lets through. */
  readonly udpShare: number;
}

const TCP: Load = { name: "TCP", flows: FLOWS, udpShare: 0 };
const UDP: Load = { name: "UDP", flows: 0, udpShare: 1.5 };
const BOTH: Load = { name: "TCP and UDP", flows: FLOWS, udpShare: 1.5 };

async function rowsAt(pair: Pair, mbps: number): Promise<Row[]> {
  const limit = { bandwidth_limit_mbps: mbps };
  await pair.apply([{ ...routed("entry"), ...limit }], [{ ...routed("exit"), ...limit }]);
  await Promise.all([pair.active("a"), pair.active("b")]);
  const rows: Row[] = [];
  for (const load of mbps > UDP_UP_TO_MBPS ? [TCP] : [TCP, UDP, BOTH]) {
    for (const direction of ["up", "down"]) {
      const argv = ["measure", SERVER, direction, values.seconds, load.flows, load.udpShare * mbps].map(String);
      const told = await pair.world.inside("client", ...NODE, STREAM, ...argv);
      const { tcp, udp } = JSON.parse(told) as { tcp: number[]; udp: number };
      const arrived = tcp.reduce((sum, one) => sum + one, 0) + udp;
      const off = Math.abs(arrived / mbps - 1) * 100;
      const name = `${load.name} at ${mbps} Mbit/s, ${direction}: ${arrived.toFixed(mbps < 100 ? 2 : 1)} arrived, off by`;
      process.stderr.write(`${name} ${off.toFixed(1)} %${load === BOTH ? `, UDP ${udp.toFixed(1)} of it` : ""}\n`);
      rows.push(limited(name, "%", off, OFF_AT_MOST));
    }
  }
  return rows;
}

const pair = await startPair(["--workers", "2"], BUILT);
try {
  await pair.world.start("server", ...NODE, STREAM, "serve").waitFor(/listening/);
  const rows: Row[] = [];
  for (const mbps of values.mbps) rows.push(...(await rowsAt(pair, Number(mbps))));
  report(rows);
} finally {
  await pair.destroy();
}
