import type { HostConfig } from "./kernel/host-facts.ts";
import { Reconciler, type ReconcilerOptions } from "./kernel/reconciler.ts";
import { runOrThrow } from "./kernel/runner.ts";
import { commandLogger, type Log } from "./log.ts";
import type { NetworkPlan } from "./plan.ts";
import type { TunnelKey } from "./tempest/tunnel-key.ts";
import { userspaceWireguard } from "./tempest/userspace-wireguard.ts";

export const PLAN_FILE = "plan.json";

/** Of a host that has no plan yet. */
export const PLACEHOLDER_PEER = `peer_${"0".repeat(26)}`;

/** Removes everything of ours from the host: kernel state, the stored plan, the numbers. Keys stay. */
export async function removeEverything(
  options: Pick<ReconcilerOptions, "state" | "runner" | "generation" | "changeWatch" | "sysctls" | "merging"> & {
    readonly host: HostConfig;
    readonly log: Log;
  },
): Promise<void> {
  const { state, runner, host } = options;
  const tunnelKey: TunnelKey = { privateKey: new Uint8Array(32), publicKey: "" };
  const userspace = userspaceWireguard({ name: host.tunnelInterface, runner, onLost: () => {} });
  const reconciler = new Reconciler({
    ...options,
    config: host,
    wireguard: userspace,
    classUse: { read: () => new Map() },
    tunnelKey: () => tunnelKey,
    leasedCidrs: () => new Map(),
    onCommand: commandLogger(options.log),
  });
  const { observed } = await reconciler.apply(emptyPlan(PLACEHOLDER_PEER));
  const left = observed.links.find((link) => link.name === host.tunnelInterface && link.isOurs);
  if (left !== undefined) await runOrThrow(runner, ["ip", "link", "delete", "dev", left.name]);
  for (const name of [PLAN_FILE, "numbers.json", "sysctls.json", "leases.json", "peer-keys.json"])
    await state.remove(name);
}

export const emptyPlan = (peerId: string): NetworkPlan => ({
  format: 1,
  peer_id: peerId,
  peers: [],
  services: [],
  cluster_endpoints: [],
  agent_ports: [],
});
