import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * The processes, among the given ones, that hold the local ends of connections on IPv4 loopback, by port. Reads Linux's
 * /proc, as `ss -p` does: once for many ports, since it is dear.
 */
export function ownersOfPorts(ports: readonly number[], pids: readonly number[]): Map<number, number> {
  const pidByInode = new Map(pids.flatMap((pid) => inodesOf(pid).map((inode) => [inode, pid] as const)));
  const inodeByPort = inodesOfPorts(new Set(ports));
  const owners = new Map<number, number>();
  for (const [port, inode] of inodeByPort) {
    const pid = pidByInode.get(inode);
    if (pid !== undefined) owners.set(port, pid);
  }
  return owners;
}

function inodesOfPorts(ports: ReadonlySet<number>): Map<number, string> {
  const found = new Map<number, string>();
  for (const line of readFileSync("/proc/net/tcp", "utf8").split("\n").slice(1)) {
    // proc_pid_net(5): number, local address, remote address, state, …, the inode is the tenth.
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(":")[1] ?? "", 16);
    const inode = fields[9];
    if (ports.has(port) && inode !== undefined && inode !== "0") found.set(port, inode);
  }
  return found;
}

function inodesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
