import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { PEER_A, PEER_B, service } from "../packages/dataplane/test/system/support/plans.ts";
import { loadNow, namespaceNamed, pidsOf, residentMb, secondsBetween } from "./dataplane/load.ts";
import { middleRow } from "./dataplane/middle-row.ts";
import { type Contender, interleave } from "./dataplane/rounds.ts";
import {
  type Course,
  INNER_SERVER,
  namespacesOf,
  rawTunnelCourse,
  SERVICE,
  tempestCourse,
  withCourses,
} from "./dataplane/worlds.ts";
import { limited, type Row, report } from "./support/report.ts";

/** What Tempest carries beside a bare wireguard-go between the same hosts: bulk, echo, and what it holds at 100 peers. */

const { values } = parseArgs({ options: { rounds: { type: "string", default: "5" }, json: { type: "boolean" } } });
const SERVER = "10.71.3.2";
const SECONDS = 3;
const PEERS = 100;

interface Measured {
  readonly mbps: number;
  readonly cpuPerGb: number;
  readonly echoMs: number;
}

async function beside(open: <C extends Course>(course: Promise<C>) => Promise<C>): Promise<Row[]> {
  const tempest = await open(tempestCourse());
  const raw = await open(rawTunnelCourse());
  const rounds = await interleave([tempest, raw].map(contender), {
    namespaces: new Set([tempest, raw].flatMap(namespacesOf)),
    wanted: Number(values.rounds),
    most: 2 * Number(values.rounds),
  });
  const row = (name: string, unit: string, of: (value: Measured) => number, target: { atLeast: number }) =>
    middleRow({ name, unit, rounds, ours: tempest.name, rival: raw.name, of, target });
  const added = rounds
    .map(({ byName }) => (byName.get(tempest.name)?.echoMs ?? NaN) - (byName.get(raw.name)?.echoMs ?? NaN))
    .sort((a, b) => a - b)[Math.floor(rounds.length / 2)];
  return [
    row("one stream through the tunnel", "Mbit/s", ({ mbps }) => mbps, { atLeast: 0.85 }),
    row("the tunnel processes' CPU", "CPU-s/GB", ({ cpuPerGb }) => cpuPerGb, { atLeast: 0 }),
    limited("added to an echo", "ms", Math.max(0.001, added ?? NaN), 0.1),
  ];
}

/** TCP inside the client's own VXLAN, since TCP by itself never takes the tunnel; the kernel's counters must have seen it. */
function contender(course: Course): Contender<Measured> {
  return {
    name: course.name,
    measure: async () => {
      const { world } = course;
      const relays = course.relays();
      const carried = await course.carried();
      const before = loadNow(new Set(namespacesOf(course)));
      const argv = ["iperf3", "-c", INNER_SERVER, "-t", String(SECONDS), "-J"];
      const { end } = JSON.parse(await world.inside("client", ...argv));
      const cpu = secondsBetween(before, loadNow(new Set(namespacesOf(course))), relays);
      const { bytes } = end.sum_received;
      const now = await course.carried();
      if (carried !== undefined && now !== undefined && now - carried < bytes)
        throw new Error(`${bytes} bytes arrived, but the tunnel counted ${now - carried}`);
      const echo = await world.inside("client", "ping", "-n", "-q", "-c", "200", "-i", "0.005", SERVER);
      const echoMs = Number(/= [0-9.]+\/([0-9.]+)\//.exec(echo)?.[1]);
      return { mbps: (bytes * 8) / SECONDS / 1e6, cpuPerGb: cpu / (bytes / 1e9), echoMs };
    },
  };
}

/** 100 peers that nobody answers for: what the tunnel's process holds for them. */
async function manyPeers(open: <C extends Course>(course: Promise<C>) => Promise<C>): Promise<Row[]> {
  const course = await open(tempestCourse());
  const { pair, world } = course;
  const identity = await pair.client("b").identity();
  const peers = Array.from({ length: PEERS }, (_, at) => ({
    peer_id: at === 0 ? PEER_B : `peer_01BX5ZZKBK${randomId(16)}`,
    name: `peer${at}`,
    addresses: [`10.71.2.${2 + at}`],
    pegasus: identity.pegasus,
    tunnel: at === 0 ? identity.tunnel : { ...identity.tunnel, public_key: randomBytes(32).toString("base64url") },
  }));
  const services = peers.map(({ peer_id }, at) =>
    service(at === 0 ? SERVICE : `svc_01CX5ZZKBK${randomId(16)}`, "entry", peer_id, {
      routes: [{ route_id: 1, priority: 0, dest_cidr: at === 0 ? "10.71.3.0/24" : `10.99.${at}.0/24` }],
    }),
  );
  const plan = { format: 1, peer_id: PEER_A, peers, services, cluster_endpoints: [], agent_ports: [8080] } as const;
  await pair.client("a").apply({ ...plan, cluster_endpoints: [], agent_ports: [8080] });
  const links = (await world.inside("a", "ip", "-o", "link")).match(/arx-/g)?.length ?? 0;
  if (links < PEERS) throw new Error(`only ${links} of ${PEERS} peers have a tunnel`);
  await world.inside("client", "ping", "-c", "3", "-i", "0.2", SERVER);
  return [
    limited(
      "the tunnel's process with 100 peers",
      "MB",
      residentMb(pidsOf(namespaceNamed(world.name("a")), /^wireguard-go/)),
      30,
    ),
  ];
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const randomId = (length: number): string => [...randomBytes(length)].map((byte) => CROCKFORD[byte % 32]).join("");

report([...(await withCourses(beside)), ...(await withCourses(manyPeers))]);
