import { expect, test } from "vitest";
import { desiredFromPlan } from "../../src/kernel/desired-from-plan.ts";
import type { HostFacts } from "../../src/kernel/host-facts.ts";
import type { NetworkPlan } from "../../src/plan.ts";
import {
  CONFIG,
  factsFor,
  LINKS,
  link,
  ON_LAN,
  onLan,
  PEER_B,
  peer,
  plan,
  routed,
  service,
} from "./support/example.ts";

const faultsOf = (of: NetworkPlan, more: Partial<HostFacts> = {}): string[] =>
  desiredFromPlan(of, factsFor(of, more), CONFIG).faults.map(({ part, reason }) => `${part}: ${reason}`);

test("a plan that can be had has no faults", () => {
  expect(faultsOf(plan([routed("entry"), onLan("entry")]))).toEqual([]);
});

test("an interface without an address asks DHCP on the link of the default route, and says so until it has one", () => {
  const of = plan([service(ON_LAN, "entry", { interface: {} })]);
  expect(faultsOf(of, { defaultLink: "wan0" })).toEqual([
    "all: its interface svc-WEVGEMMVR2 has asked DHCP on wan0 for an address and has none yet: is there a server?",
  ]);
  const leased = factsFor(of, { defaultLink: "wan0", leasedCidrs: new Map([[ON_LAN, "10.71.2.77/24"]]) });
  const desired = desiredFromPlan(of, leased, CONFIG);
  expect(desired.faults).toEqual([]);
  expect(desired.addresses.at(-1)).toMatchObject({ link: "svc-WEVGEMMVR2", cidr: "10.71.2.77/24" });
  expect(desired.rules.at(-1)).toMatchObject({ selector: { type: "source", address: "10.71.2.77" } });
});

test("an interface that is to ask DHCP on a host with several links and no default route names its missing parent", () => {
  expect(faultsOf(plan([service(ON_LAN, "entry", { interface: {} })]))).toEqual([
    "all: its interface is to ask DHCP, and this host has no default route that says on which link: name the interface's parent",
  ]);
});

test("an interface whose address lies in no network of the host names its missing parent", () => {
  expect(faultsOf(plan([service(ON_LAN, "entry", { interface: { ipv4_cidr: "192.0.2.5/24" } })]))).toEqual([
    "all: no link of this host is in the network of 192.0.2.5: name the interface's parent",
  ]);
});

test("a named parent is taken although its network is another", () => {
  const of = plan([service(ON_LAN, "entry", { interface: { ipv4_cidr: "192.0.2.5/24", parent: "wan0" } })]);
  expect(desiredFromPlan(of, factsFor(of), CONFIG).links.at(-1)).toMatchObject({ kind: "macvlan", lower: "wan0" });
});

test("a parent that is down or not there is named", () => {
  const of = (parent: string) => plan([service(ON_LAN, "entry", { interface: { ipv4_cidr: "192.0.2.5/24", parent } })]);
  expect(faultsOf(of("eth9"))).toEqual(["all: this host has no link eth9, the parent of its interface"]);
  expect(faultsOf(of("wan0"), { links: [link("wan0", [], { isUp: false })] })).toEqual([
    "all: wan0, the parent of its interface, is down: ip link set wan0 up",
  ]);
});

test("an address that the host bears already is not given to a service", () => {
  expect(faultsOf(plan([service(ON_LAN, "entry", { interface: { ipv4_cidr: "10.71.1.1/24" } })]))).toEqual([
    "all: 10.71.1.1/24 is already an address of lan0: give its interface another",
  ]);
});

test("a foreign link of the same name is left alone", () => {
  const links = [...LINKS, link("svc-WEVGEMMVR2", []), link("arx-WEVGEMMVRZ", [])];
  expect(faultsOf(plan([onLan("entry")]), { links })).toEqual([
    "tunnel: a link named arx-WEVGEMMVRZ is there already and is not ours: remove it or give it another name",
    "all: a link named svc-WEVGEMMVR2 is there already and is not ours: remove it or give it another name",
  ]);
});

test("a peer that is not reachable is named", () => {
  const without = (more: object) => plan([routed("entry")], { peers: [{ ...peer(PEER_B, "b"), ...more }] });
  expect(faultsOf(without({ addresses: [] }))).toEqual([
    "tunnel: no address of b is known",
    "tcp: no address of b is known",
  ]);
  expect(faultsOf(plan([routed("entry")], { peers: [] }))).toEqual([
    `tunnel: nothing is known of its other end, ${PEER_B}`,
    `tcp: nothing is known of its other end, ${PEER_B}`,
  ]);
});

test("where IPv6 cannot be forwarded link by link, the line to set is named", () => {
  const baseSysctl = (path: string) => (path.endsWith("force_forwarding") ? undefined : "0");
  const of = plan([routed("entry")]);
  expect(faultsOf(of, { baseSysctl })).toEqual([
    "tunnel: this host does not forward IPv6, so only its TCP and IPv4 are carried: sysctl -w net.ipv6.conf.all.forwarding=1",
  ]);
  expect(
    faultsOf(of, { baseSysctl: (path) => (path === "net/ipv6/conf/all/forwarding" ? "1" : baseSysctl(path)) }),
  ).toEqual([]);
});

test("strict reverse-path filtering is loosened where it stands in the way, link by link", () => {
  const of = plan([onLan("entry")]);
  const baseSysctl = (path: string) => (path === "net/ipv4/conf/all/rp_filter" ? "1" : "0");
  const settings = desiredFromPlan(of, factsFor(of, { baseSysctl }), CONFIG).sysctls;
  expect(
    settings.filter(({ path }) => path.endsWith("rp_filter")).map(({ path, value }) => `${path}=${value}`),
  ).toEqual([
    "net/ipv4/conf/arx-WEVGEMMVRZ/rp_filter=2",
    "net/ipv4/conf/svc-WEVGEMMVR2/rp_filter=2",
    "net/ipv4/conf/lan0/rp_filter=2",
  ]);
  expect(settings.every(({ path }) => !path.includes("/all/"))).toBe(true);
});

test("only links whose forwarding we switch on are guarded against forwarding what is not ours", () => {
  const of = plan([routed("entry")]);
  const baseSysctl = (path: string) => (path === "net/ipv4/conf/wan0/forwarding" ? "1" : "0");
  expect(desiredFromPlan(of, factsFor(of, { baseSysctl }), CONFIG).ruleset.openedLinks).toEqual({
    4: ["lan0"],
    6: ["lan0", "wan0"],
  });
});
