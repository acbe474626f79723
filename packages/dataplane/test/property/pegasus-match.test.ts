import fc from "fast-check";
import { expect, test } from "vitest";
import { cidrContains, formatCidr, type IpAddress, maskAddress, parseCidr } from "../../src/cidr.ts";
import { matchRoute, type Packet, type RoutedService, rankRoutes } from "../../src/match.ts";
import type { PlanRoute } from "../../src/plan.ts";

/** Few bits vary, so that networks nest and collide often. */
const address = (family: 4 | 6): fc.Arbitrary<IpAddress> =>
  fc
    .integer({ min: 0, max: 255 })
    .map((low) => ({ family, value: family === 4 ? (10n << 24n) | BigInt(low) : (0xfdn << 120n) | BigInt(low) }));

const cidr = (family: 4 | 6): fc.Arbitrary<string> =>
  fc.tuple(address(family), fc.integer({ min: 0, max: 8 })).map(([inside, short]) => {
    const prefixLength = (family === 4 ? 32 : 128) - short;
    return formatCidr({ family, network: maskAddress(inside, prefixLength), prefixLength });
  });

const side = (family: 4 | 6) =>
  fc.oneof({ weight: 3, arbitrary: cidr(family) }, { weight: 1, arbitrary: fc.constant(undefined) });

const family = fc.constantFrom<4 | 6>(4, 6);

const route: fc.Arbitrary<Omit<PlanRoute, "route_id">> = family.chain((of) =>
  fc
    .record({ priority: fc.integer({ min: 0, max: 2 }), source: side(of), dest: side(of) })
    .map(({ priority, source, dest }) => ({
      priority,
      ...(source === undefined ? {} : { source_cidr: source }),
      ...(dest === undefined ? {} : { dest_cidr: dest }),
    })),
);

const services: fc.Arbitrary<RoutedService[]> = fc
  .array(fc.array(route, { maxLength: 6 }), { maxLength: 6 })
  .map((all) =>
    all.map((routes, at) => ({
      serviceId: `svc_${at}`,
      routes: routes.map((one, id) => ({ ...one, route_id: id + 1 })),
    })),
  );

const packet: fc.Arbitrary<Packet> = family.chain((of) => fc.record({ source: address(of), destination: address(of) }));

/** The order of routes, word by word: keep the best of all that match, one rule after the other. */
function naiveMatch(all: readonly RoutedService[], { source, destination }: Packet): string | undefined {
  let candidates = all.flatMap((service) => service.routes.map((one) => ({ service, one })));
  const covers = (text: string | undefined, at: IpAddress) => {
    const parsed = text === undefined ? undefined : parseCidr(text);
    return text === undefined || (parsed !== undefined && cidrContains(parsed, at));
  };
  candidates = candidates.filter(
    ({ one }) =>
      (one.source_cidr !== undefined || one.dest_cidr !== undefined) &&
      covers(one.source_cidr, source) &&
      covers(one.dest_cidr, destination),
  );
  const keepBest = (score: (candidate: (typeof candidates)[number]) => number) => {
    const best = Math.max(...candidates.map(score));
    candidates = candidates.filter((candidate) => score(candidate) === best);
  };
  const length = (text: string | undefined) => (text === undefined ? 0 : Number(text.split("/")[1]));
  keepBest(({ one }) =>
    one.source_cidr !== undefined && one.dest_cidr !== undefined ? 2 : one.source_cidr !== undefined ? 1 : 0,
  );
  keepBest(({ one }) => length(one.dest_cidr));
  keepBest(({ one }) => length(one.source_cidr));
  keepBest(({ one }) => one.priority);
  keepBest(({ service }) => -Number(service.serviceId.slice(4)));
  keepBest(({ one }) => -one.route_id);
  const [winner] = candidates;
  return winner === undefined ? undefined : `${winner.service.serviceId} ${winner.one.route_id}`;
}

test("the table of hash look-ups and a word-by-word reading of the rules choose the same route", () => {
  let matched = 0;
  fc.assert(
    fc.property(services, packet, (all, one) => {
      const found = matchRoute(all, one);
      matched += found === undefined ? 0 : 1;
      expect(found && `${found.service.serviceId} ${found.route.route_id}`).toBe(naiveMatch(all, one));
    }),
    { numRuns: 3000 },
  );
  expect(matched).toBeGreaterThan(300);
});

test("the first ranked route that covers a packet is the one that matches it", () => {
  fc.assert(
    fc.property(services, packet, (all, one) => {
      const first = rankRoutes(all).find(
        ({ family: of, source, destination }) =>
          of === one.source.family &&
          (source === undefined || cidrContains(source, one.source)) &&
          (destination === undefined || cidrContains(destination, one.destination)),
      );
      expect(matchRoute(all, one)?.route).toBe(first?.route);
    }),
    { numRuns: 1000 },
  );
});

test("routes without a network, of two families or not canonical match nothing", () => {
  const routes = [
    { route_id: 1, priority: 0 },
    { route_id: 2, priority: 0, source_cidr: "10.0.0.0/8", dest_cidr: "fd00::/8" },
    { route_id: 3, priority: 0, dest_cidr: "10.0.0.1/8" },
  ];
  expect(rankRoutes([{ serviceId: "svc_0", routes }])).toEqual([]);
});
