/** Everything by which the data plane's own kernel state is told from the host's. */

/** The one nftables table, of family `inet`. */
export const NFT_TABLE = "arctic";

/** The routing protocol number that tags each of our routes and rules. */
export const ROUTE_PROTOCOL = 97;

/** VXLAN devices, one a tunnelled peer: this and ten characters of the peer id. */
export const VXLAN_PREFIX = "arx-";
/** MACVLAN interfaces, one a service that asks for its own: this and ten characters of the service id. */
export const SERVICE_LINK_PREFIX = "svc-";

/** Link alias of what we made; a link without it is never touched, whatever its name. */
export const ALIAS_PREFIX = "arctic:";

/** Rules come before the main table (32766) and after the local one (0). */
export const RULE_PRIORITY = { tproxy: 1000, tunnel: 1010, service: 1020 } as const;

const TPROXY_TABLE = 61_000;
const SERVICE_TABLES_FROM = 66_000;

/** Delivers what is marked for Pegasus to the host itself. */
export const tproxyTable = (): number => TPROXY_TABLE;
/** Leads into one peer's tunnel; the index is 1 to 4095. */
export const tunnelTable = (peerIndex: number): number => TPROXY_TABLE + peerIndex;
/** Sends what bears a service interface's own address out by that interface. */
export const serviceTable = (serviceIndex: number): number => SERVICE_TABLES_FROM + serviceIndex;

/** UDP port of VXLAN inside the tunnel; the same on every host, reachable only through WireGuard. */
export const VXLAN_PORT = 51_841;

/** 14 characters; the tail of a peer id is made of its key's hash. */
export const vxlanName = (peerId: string): string => VXLAN_PREFIX + peerId.slice(-10);
/** 14 characters; the tail of a service id is random. */
export const serviceLinkName = (serviceId: string): string => SERVICE_LINK_PREFIX + serviceId.slice(-10);

/** Name of a service's HTB class, which `meta priority` chooses. */
export const classId = (serviceIndex: number): string => `1:${serviceIndex.toString(16)}`;
