import type { ExitPolicy } from "../exit-policy.ts";
import type { PlanService } from "../plan.ts";
import type { Allocations } from "./allocation.ts";
import type { HostLink } from "./host.ts";

/** What the owner of the host has set. */
export interface HostConfig {
  readonly tunnelInterface: string;
  readonly tunnelPort: number;
  readonly capturePort: number;
  readonly exitPolicy: ExitPolicy;
}

/** What was found on the host. */
export interface HostFacts {
  readonly links: readonly HostLink[];
  readonly allocations: Allocations;
  readonly tunnelBackend: "kernel" | "userspace" | "none";
  /** Addresses of service interfaces that came by DHCP, with their lengths, by service id. */
  readonly leasedCidrs: ReadonlyMap<string, string>;
  /** The link of the default route, where there is one. */
  readonly defaultLink: string | undefined;
  /** The value below /proc/sys that holds without us; undefined for a setting that this kernel has not. */
  baseSysctl(path: string): string | undefined;
}

/** A service with its place in the mark. */
export interface NumberedService {
  readonly service: PlanService;
  readonly serviceIndex: number;
  readonly peerIndex: number;
  readonly mark: number;
  readonly capturePort?: number;
}
