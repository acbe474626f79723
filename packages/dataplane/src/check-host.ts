import { lookForConflicts } from "./conflicts/look.ts";
import type { DataplaneOptions } from "./dataplane.ts";
import { allocationsSchema, NO_ALLOCATIONS } from "./kernel/allocation.ts";
import type { ServiceFault } from "./kernel/desired.ts";
import { desiredFromPlan } from "./kernel/desired-from-plan.ts";
import type { HostLink } from "./kernel/host.ts";
import { ALIAS_PREFIX } from "./kernel/names.ts";
import { observeKernel, readDefaultLink } from "./kernel/observed.ts";
import { sysctlJournalSchema } from "./kernel/sysctl.ts";
import { readBaseSysctls } from "./kernel/sysctl-base.ts";
import { networkPlanSchema } from "./plan.ts";
import { hasKernelWireguard } from "./tempest/kernel-wireguard.ts";

/**
 * What stands in the way of the services of the plan that was stored last, a line each: what they lack themselves, and
 * what others have set on this host. Changes nothing, whether a data plane runs or not.
 */
export async function checkHost(
  options: Pick<DataplaneOptions, "state" | "runner" | "sysctls" | "host" | "pegasusPort">,
): Promise<string[]> {
  const { state, runner, sysctls, host, pegasusPort } = options;
  const plan = await state.read("plan.json", networkPlanSchema);
  if (plan === undefined) return ["no plan was ever applied on this host: start arctic-agent"];
  const { links } = await observeKernel(runner);
  const allocations = (await state.read("numbers.json", allocationsSchema)) ?? NO_ALLOCATIONS;
  const journal = (await state.read("sysctls.json", sysctlJournalSchema)) ?? {};
  const hasWireguard =
    (await hasKernelWireguard(runner)) || (await runner.run(["wireguard-go", "--version"])).code === 0;
  const desired = desiredFromPlan(
    plan,
    {
      links,
      allocations,
      leasedCidrs: new Map(links.flatMap(leasedOf)),
      defaultLink: await readDefaultLink(runner),
      tunnelBackend: hasWireguard ? "userspace" : "none",
      baseSysctl: await readBaseSysctls(sysctls, journal, links),
    },
    host,
  );
  const conflicts = await lookForConflicts({ runner, sysctls, config: host, pegasusPort }, { plan, desired, links });
  return [...desired.faults.map((fault) => faultText(fault, plan)), ...conflicts.map(({ text }) => text)];
}

/** An address on a service's interface, by its service id, which the link's alias names. */
function leasedOf({ alias, addresses }: HostLink): [string, string][] {
  const own = addresses.find(({ cidr }) => !cidr.includes(":"));
  return own === undefined || !alias.startsWith(ALIAS_PREFIX) ? [] : [[alias.slice(ALIAS_PREFIX.length), own.cidr]];
}

function faultText(
  { serviceId, reason }: ServiceFault,
  plan: { services: readonly { service_id: string; name: string }[] },
): string {
  const name = plan.services.find((service) => service.service_id === serviceId)?.name ?? serviceId;
  return `service ${name}: ${reason}`;
}
