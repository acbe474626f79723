import type { Arctic } from "./cluster.ts";
import type { Check, Checks, Claim } from "./result.ts";
import { poll, type Service, servicesAt } from "./state.ts";

/** What a data plane counts beside what the checks sent: retries, and the kernel's own answers. */
const strayPackets = 1_000;

const engineNames = { pegasus: "Pegasus", tempest: "Tempest" } as const;

/**
 * The data planes' own counters, at the entry and at the exit, must account for what the checks have sent: each by the
 * service and the engine that it claims, and not by the other. Only then is a check said to be carried by it.
 */
export async function proveCounters(checks: Checks, arctic: Arctic): Promise<void> {
  const claimed = checks.all.filter(({ ok, claim }) => ok && claim !== undefined);
  let isProven = true;
  for (const host of ["alpha", "gamma"]) {
    const name = `${host}'s own counters account for it`;
    await checks.make(name, [`${host}-dataplane`, `${host}-agent`], async () => {
      let services: Service[] = [];
      // The agent asks its data plane every two seconds.
      await poll(10_000, async () => {
        services = await servicesAt(arctic, host);
        return shortfall(services, claimed);
      });
      expectNoDetour(services, claimed);
      return { detail: told(services) };
    });
    isProven = isProven && checks.all.at(-1)?.ok === true;
  }
  if (!isProven) return;
  for (const check of claimed) if (check.claim !== undefined) check.carried_by = engineNames[check.claim.engine];
}

function shortfall(services: readonly Service[], claimed: readonly Check[]): string | undefined {
  const short = sums(claimed).flatMap(({ service, engine, amount }) =>
    counted(services, service, engine)
      .filter((count) => count < amount)
      .map((count) => `${engineNames[engine]} counted ${count} of ${amount} for ${service}`),
  );
  return short.length === 0 ? undefined : short.join(", ");
}

/** Bytes that Pegasus carried would show as many thousand packets of Tempest, had they gone there. */
function expectNoDetour(services: readonly Service[], claimed: readonly Check[]): void {
  for (const { name } of services) {
    const expected = sums(claimed).find(({ service, engine }) => service === name && engine === "tempest")?.amount ?? 0;
    const most = Math.max(...counted(services, name, "tempest"));
    if (most > expected + strayPackets)
      throw new Error(`Tempest counted ${most} packets for ${name}, where ${expected} were sent`);
  }
}

/** What all checks together claim of each service and engine. */
function sums(claimed: readonly Check[]): Claim[] {
  const total = new Map<string, Claim>();
  for (const { claim } of claimed) {
    if (claim === undefined) continue;
    const key = `${claim.service} ${claim.engine}`;
    total.set(key, { ...claim, amount: claim.amount + (total.get(key)?.amount ?? 0) });
  }
  return [...total.values()];
}

/** Bytes toward the client for Pegasus; packets there and packets back for Tempest. */
function counted(services: readonly Service[], name: string, engine: Claim["engine"]): number[] {
  const traffic = services.find((service) => service.name === name)?.traffic;
  if (engine === "pegasus") return [traffic?.pegasus.bytes_out ?? 0];
  return [traffic?.tempest.packets_in ?? 0, traffic?.tempest.packets_out ?? 0];
}

function told(services: readonly Service[]): string {
  return services
    .map(({ name, traffic }) => {
      const megabytes = ((traffic?.pegasus.bytes_out ?? 0) / 1e6).toFixed(1);
      const pegasus = `Pegasus ${megabytes} MB in ${traffic?.pegasus.flows_total ?? 0} flows`;
      const { packets_in = 0, packets_out = 0 } = traffic?.tempest ?? {};
      return `${name} ${pegasus}, Tempest ${packets_in} packets there, ${packets_out} back`;
    })
    .join("; ");
}
