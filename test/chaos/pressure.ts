import { fileURLToPath } from "node:url";
import type { World } from "../../packages/dataplane/test/system/support/world.ts";

/** A client that never stops asking, on a network that would let it through if the data plane did not stand in the way. */
export interface Pressure {
  /** Packets that bore the client's own address when they came to the server: they took no tunnel and no relay. */
  leaked(): Promise<number>;
  /** Requests that the client has made. */
  tried(): Promise<number>;
}

const CLIENT = fileURLToPath(new URL("./pressing-client.ts", import.meta.url));

export async function startPressure(world: World): Promise<Pressure> {
  // The way in the clear: a knows it, b forwards, and the server knows the way back.
  await world.inside("a", "ip", "route", "add", "10.71.3.0/24", "via", "10.71.2.2");
  await world.inside("a", "ip", "-6", "route", "add", "fd71:3::/64", "via", "fd71:2::2");
  await world.inside("b", "ip", "route", "add", "10.71.1.0/24", "via", "10.71.2.1");
  await world.inside("b", "ip", "-6", "route", "add", "fd71:1::/64", "via", "fd71:2::1");
  await world.inside("b", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  await world.inside("server", "nft", "-f", await world.file("seen.nft", SEEN));
  const client = world.start("client", process.execPath, CLIENT);
  await client.waitFor(/pressing/);
  return {
    leaked: async () => {
      const text = await world.inside("server", "nft", "list", "table", "inet", "seen");
      return [...text.matchAll(/packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    tried: async () => Number([...client.output().matchAll(/tried (\d+)/g)].at(-1)?.[1] ?? 0),
  };
}

const SEEN = `table inet seen {
  chain input {
    type filter hook input priority filter; policy accept;
    ip saddr 10.71.1.0/24 counter
    ip6 saddr fd71:1::/64 counter
  }
}
`;
