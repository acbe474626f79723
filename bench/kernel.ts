import { writeFile } from "node:fs/promises";
import type { PlanService } from "@arctic/dataplane";
import { type Pair, startPair } from "../packages/dataplane/test/system/support/pair.ts";
import { PEER_A, PEER_B, planOf, planPeer, service } from "../packages/dataplane/test/system/support/plans.ts";
import { BUILT } from "./dataplane/worlds.ts";
import { limited, median, report, row } from "./support/report.ts";

/** A plan of 1,000 services applied to a real kernel, and one change to it; beside them four rules a service, written by hand. */

const SERVICES = 1_000;
const ROUNDS = 5;

async function rows({ world, client }: Pair) {
  const identity = await client("b").identity();
  const peers = [planPeer(PEER_B, "b", ["10.71.2.2"], identity)];
  const apply = async (services: PlanService[]): Promise<number> => {
    const startedAt = performance.now();
    const { services: seen } = await client("a").apply(planOf(PEER_A, peers, services));
    const tookMs = performance.now() - startedAt;
    if (seen.length !== services.length) throw new Error("the answer does not name every service");
    return tookMs;
  };
  const whole: number[] = [];
  const changed: number[] = [];
  const unchanged: number[] = [];
  const byHand: number[] = [];
  await writeFile(`${world.folder}/by-hand.nft`, rulesByHand());
  for (let round = 0; round < ROUNDS; round += 1) {
    const services = servicesOf(round);
    await apply([]);
    whole.push(await apply(services));
    await holds(world.inside("a", "nft", "list", "table", "inet", "arctic"), services);
    for (let change = 0; change < ROUNDS; change += 1) {
      const at = change * 100 + round;
      services[at] = numbered(at, `10.${200 + round}.${change}.0/24`);
      changed.push(await apply(services));
    }
    await holds(world.inside("a", "nft", "list", "table", "inet", "arctic"), services);
    unchanged.push(await apply(services));
    const startedAt = performance.now();
    await world.inside("server", "nft", "-f", `${world.folder}/by-hand.nft`);
    byHand.push(performance.now() - startedAt);
  }
  return [
    limited("1,000 services applied, read back and answered", "ms", median(whole), 200),
    limited("one of 1,000 services changed", "ms", median(changed), 50),
    limited("the same plan once more", "ms", median(unchanged), 50),
    row("the same change, beside", "ms", median(changed), "nft -f of 4,000 rules by hand", median(byHand), {
      atMost: 1,
    }),
  ];
}

async function holds(listing: Promise<string>, services: readonly PlanService[]): Promise<void> {
  const text = await listing;
  const missing = services.find(({ routes }) => !text.includes(` ${(routes[0]?.dest_cidr ?? "").replace("/24", "")}`));
  if (missing !== undefined) throw new Error(`the kernel does not hold ${missing.service_id}`);
}

const servicesOf = (round: number): PlanService[] =>
  Array.from({ length: SERVICES }, (_, at) =>
    numbered(at, `10.${100 + round + Math.floor(at / 250) * 10}.${at % 250}.0/24`),
  );

function numbered(at: number, destination: string): PlanService {
  return service(`svc_01CX5ZZKBKACTAV9WEVG${String(at).padStart(6, "0")}`, "entry", PEER_B, {
    routes: [
      { route_id: 1, priority: 0, dest_cidr: destination },
      { route_id: 2, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: destination },
    ],
  });
}

function rulesByHand(): string {
  const rules = Array.from({ length: SERVICES }, (_, at) => {
    const to = `ip daddr 10.${100 + Math.floor(at / 250)}.${at % 250}.0/24`;
    return [
      `${to} meta l4proto tcp tproxy ip to 127.0.0.1:8701 meta mark set 0x1 accept`,
      `${to} meta l4proto tcp reject with tcp reset`,
      `${to} meta mark set ${at + 16} accept`,
      `ip saddr 10.71.1.0/24 ${to} counter`,
    ].join("\n");
  });
  return `add table inet hand\ndelete table inet hand\ntable inet hand {\nchain c {\ntype filter hook prerouting priority mangle;\n${rules.join("\n")}\n}\n}\n`;
}

const pair = await startPair([], BUILT);
try {
  report(await rows(pair));
} finally {
  await pair.destroy();
}
