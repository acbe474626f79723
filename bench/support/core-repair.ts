import { Duo, type Said } from "./duo.ts";
import { identities, NOW, serviceBody, serviceId, services } from "./fixtures.ts";
import { limited, type Row } from "./report.ts";

const RECORDS = 1000;
/** Past the pause between two repairs of one link. */
const LATER = NOW + 10_000;

/**
 * One of 1,000 records is missing at b, since a's push of it was lost; a's next heartbeat finds it. Counted are all
 * characters that pass on the link from that heartbeat to the last word, less the record's own.
 */
export function oneMissing(): Row[] {
  const owners = identities(10);
  const records = services(owners, RECORDS - 1);
  const duo = new Duo(records, records, owners);
  const [target] = owners;
  if (target === undefined) throw new Error("there are owners");
  const written = duo.a.handle(
    { type: "write", kind: "service", id: serviceId(RECORDS), body: serviceBody(target, RECORDS) },
    NOW,
  ).record;
  if (written === undefined || duo.a.registry.hashes.services === duo.b.registry.hashes.services)
    throw new Error("b misses the record");
  duo.said.length = 0;
  duo.deliver("a", { type: "sync" }, LATER);
  if (duo.b.registry.hashes.services !== duo.a.registry.hashes.services) throw new Error("it was not repaired");
  return rowsOf(duo.said, JSON.stringify(written).length);
}

function rowsOf(said: readonly Said[], recordLength: number): Row[] {
  const total = said.reduce((sum, { length }) => sum + length, 0);
  return [
    limited("one of 1,000 records missing: bytes beyond the record", "B", total - recordLength, 1200),
    limited("the same: round trips after the heartbeat", "round trips", roundTrips(said), 1),
  ];
}

/** How often the word passed from a to b and back before the last push. */
function roundTrips(said: readonly Said[]): number {
  const untilPush = said.slice(0, said.findLastIndex(({ type }) => type === "push") + 1);
  const turns = untilPush.filter(({ from }, index) => index > 0 && from !== untilPush[index - 1]?.from).length;
  return turns / 2;
}
