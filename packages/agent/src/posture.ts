import { readFileSync } from "node:fs";
import type { LicenseRoot } from "@arctic/core";
import type { AgentConfig } from "./settings.ts";

/** What this process may do on its host. */
export interface Privileges {
  readonly uid: number | undefined;
  /** Linux capabilities that are in effect, as the kernel writes them (hex); absent where it does not say. */
  readonly capabilities: string | undefined;
}

/** The effective security posture in one line of the log: who can reach what, and by whose word. */
export function postureOf(config: AgentConfig, port: number, roots: readonly LicenseRoot[], privileges: Privileges) {
  const isLimited = roots.length > 0 && roots.every((root) => root.customer_id !== undefined);
  const hasPower = privileges.capabilities !== undefined && !/^0*$/.test(privileges.capabilities);
  return {
    listens_on: `${config.apiHost ?? "every address"}, port ${port}`,
    tls: "1.3 only",
    plain_http: config.plainHttp ? "answered to every host" : "answered to this host only",
    bootstrap: isLimited
      ? "by anyone who has a license of these roots"
      : "from this host or with the recovery token; from elsewhere only under a root that is limited to its customer",
    license_roots: roots.map(({ key_id, customer_id }) => `${key_id} for ${customer_id ?? "every customer"}`),
    peers_on_loopback: config.allowLoopbackPeers ? "dialled" : "never dialled",
    uid: privileges.uid,
    capabilities: privileges.capabilities,
    /** What an operator has opened beyond the defaults, or should close. */
    loosened: [
      ...(config.plainHttp ? ["API_PLAIN_HTTP"] : []),
      ...(config.allowLoopbackPeers ? ["ALLOW_LOOPBACK_PEERS"] : []),
      ...(privileges.uid === 0 || hasPower ? ["the agent needs no root and no capabilities, and has some"] : []),
    ],
  };
}

/** Of this process, as the kernel has it (proc_pid_status(5)). */
export function ownPrivileges(): Privileges {
  return { uid: process.getuid?.(), capabilities: capabilitiesIn("/proc/self/status") };
}

function capabilitiesIn(path: string): string | undefined {
  try {
    return /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync(path, "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
