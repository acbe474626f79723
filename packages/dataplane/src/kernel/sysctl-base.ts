import type { HostLink } from "./host.ts";
import type { HostFacts } from "./host-facts.ts";
import type { SysctlJournal, Sysctls } from "./sysctl.ts";

/** What each setting would be without us: the journal's word where the kernel still holds ours. */
export async function readBaseSysctls(
  sysctls: Sysctls,
  journal: SysctlJournal,
  links: readonly HostLink[],
): Promise<HostFacts["baseSysctl"]> {
  const names = ["all", "default", ...links.map((link) => link.name)];
  const paths = names.flatMap((name) => [
    `net/ipv4/conf/${name}/forwarding`,
    `net/ipv4/conf/${name}/rp_filter`,
    `net/ipv6/conf/${name}/forwarding`,
    `net/ipv6/conf/${name}/force_forwarding`,
  ]);
  const values = new Map<string, string | undefined>();
  for (const path of paths) {
    const current = await sysctls.read(path);
    const entry = journal[path];
    values.set(path, entry !== undefined && entry.ours === current ? entry.before : current);
  }
  return (path) => values.get(path);
}
