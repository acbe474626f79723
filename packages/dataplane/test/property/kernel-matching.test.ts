import fc from "fast-check";
import { expect, test } from "vitest";
import { cidrContains, formatCidr, type IpAddress, maskAddress, parseCidr } from "../../src/cidr.ts";
import { allocate, NO_ALLOCATIONS } from "../../src/kernel/allocation.ts";
import { type MarkedService, matchMaps } from "../../src/kernel/matching.ts";
import type { MatchMap } from "../../src/kernel/ruleset.ts";
import { matchRoute } from "../../src/match.ts";
import { plan, service } from "../unit/support/example.ts";

/** Few bits, so that networks overlap all the time. */
const ipv4 = fc
  .integer({ min: 0, max: 15 })
  .map((low): IpAddress => ({ family: 4, value: 0x0a000000n + ((BigInt(low) << 24n) >> 4n) }));
const cidr = fc
  .tuple(ipv4, fc.integer({ min: 4, max: 12 }))
  .map(([address, prefixLength]) =>
    formatCidr({ family: 4, network: maskAddress(address, prefixLength), prefixLength }),
  );
const side = fc.option(cidr, { nil: undefined });
const route = fc
  .tuple(side, side, fc.integer({ min: 0, max: 2 }))
  .filter(([source, destination]) => source !== undefined || destination !== undefined)
  .map(([source, destination, priority]) => ({
    priority,
    ...(source === undefined ? {} : { source_cidr: source }),
    ...(destination === undefined ? {} : { dest_cidr: destination }),
  }));
const services = fc.array(fc.array(route, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }).map((all) =>
  all.map(
    (routes, at): MarkedService => ({
      serviceId: `svc_${String(at).padStart(26, "0")}`,
      mark: at + 1,
      routes: routes.map((entry, index) => ({ ...entry, route_id: index + 1 })),
    }),
  ),
);

test("the kernel's maps choose the service that Pegasus's table chooses", () => {
  fc.assert(
    fc.property(services, ipv4, ipv4, (all, source, destination) => {
      const expected = matchRoute(all, { source, destination })?.service.mark;
      expect(lookUp(matchMaps(all), source, destination)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test("no map holds two elements that overlap, and no two maps of one kind have the same lengths", () => {
  fc.assert(
    fc.property(services, (all) => {
      const maps = matchMaps(all);
      const names = maps.map((map) => `${map.family} ${map.sourceLength} ${map.destinationLength}`);
      expect(new Set(names).size).toBe(names.length);
      for (const { elements } of maps) {
        const keys = elements.map((element) => `${element.source} ${element.destination}`);
        expect(new Set(keys).size).toBe(keys.length);
      }
    }),
  );
});

test("numbers stay with their ids whatever comes and goes, and are never shared", () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(ids, { maxLength: 6 }), (rounds) => {
      let held = NO_ALLOCATIONS;
      for (const round of rounds) {
        const before = held.services.taken;
        held = allocate(held, plan(round.map((id) => service(`svc_${String(id).padStart(26, "0")}`, "entry"))));
        const { taken } = held.services;
        expect(Object.keys(taken)).toHaveLength(round.length);
        expect(new Set(Object.values(taken)).size).toBe(round.length);
        for (const [id, index] of Object.entries(taken)) if (before[id] !== undefined) expect(index).toBe(before[id]);
      }
    }),
  );
});

function lookUp(maps: readonly MatchMap[], source: IpAddress, destination: IpAddress): number | undefined {
  const holds = (text: string | undefined, address: IpAddress): boolean => {
    const network = text === undefined ? undefined : parseCidr(text);
    return text === undefined || (network !== undefined && cidrContains(network, address));
  };
  for (const { elements } of maps) {
    const found = elements.find((element) => holds(element.source, source) && holds(element.destination, destination));
    if (found !== undefined) return found.mark;
  }
  return undefined;
}
