import { describe, expect, test } from "vitest";
import { formatAddress, parseAddress, parseSocketAddress } from "../../src/cidr.ts";
import { type AdmissionContext, admit, specialKindOf } from "../../src/pegasus/admission.ts";
import type { OpenRequest } from "../../src/pegasus/frame.ts";
import type { PegasusPlan, PegasusService } from "../../src/pegasus/pegasus.ts";

const SERVICE = "svc_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const PEER = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAA";
const OTHER_PEER = "peer_01ARZ3NDEKTSV4RRFFQ69G5FAB";

const at = (text: string, port: number) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return { address, port };
};

const flow = (changes: { from?: string; to?: string; port?: number } & Partial<OpenRequest> = {}): OpenRequest => {
  const { from = "10.71.1.2", to = "10.71.3.2", port = 443, ...rest } = changes;
  return {
    serviceId: SERVICE,
    source: at(from, 40000),
    destination: at(to, port),
    transparent: false,
    byInterface: false,
    ...rest,
  };
};

const exit = (changes: Partial<PegasusService> = {}): PegasusService => ({
  serviceId: SERVICE,
  role: "exit",
  peerId: PEER,
  fullyTransparent: false,
  limitBps: 0,
  routes: [{ route_id: 1, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" }],
  ...changes,
});

const peer = (peerId: string, tlsFingerprint: string) => ({ peerId, addresses: [], port: 61000, tlsFingerprint });

const context = (services: PegasusService[], changes: Partial<AdmissionContext> = {}): AdmissionContext => ({
  plan: { peers: [peer(PEER, "aa"), peer(OTHER_PEER, "bb")], services, clusterPorts: [61000] },
  linkFingerprint: "aa",
  isHostAddress: (address) => formatAddress(address) === "10.71.3.1",
  ...changes,
});

const reasonFor = (request: OpenRequest, service = exit(), changes: Partial<AdmissionContext> = {}) => {
  const admission = admit(request, context([service], changes));
  return admission.type === "admitted" ? "admitted" : admission.reason;
};

describe("the exit admits", () => {
  test("what a live service names: peer, source and destination", () => {
    expect(reasonFor(flow())).toBe("admitted");
  });

  test("any source where the route names only a destination, and the other way round", () => {
    const toOnly = exit({ routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.3.0/24" }] });
    expect(reasonFor(flow({ from: "192.0.2.1" }), toOnly)).toBe("admitted");
    const fromOnly = exit({ routes: [{ route_id: 1, priority: 0, source_cidr: "10.71.1.0/24" }] });
    expect(reasonFor(flow({ to: "198.51.100.1" }), fromOnly)).toBe("admitted");
  });

  test("any ordinary destination for what came by the service's interface", () => {
    const byInterface = flow({ to: "198.51.100.1", byInterface: true });
    expect(reasonFor(byInterface, exit({ routes: [], interface: { networks: ["10.71.1.0/24"] } }))).toBe("admitted");
    expect(reasonFor(byInterface, exit({ routes: [], interface: { networks: [] } }))).toBe("admitted");
  });
});

describe("the exit denies", () => {
  test.each<[string, string, OpenRequest, PegasusService, Partial<AdmissionContext>]>([
    ["a service that only begins here", "does not end here", flow(), exit({ role: "entry" }), {}],
    ["another service's id", "does not end here", flow({ serviceId: "svc_01ARZ3NDEKTSV4RRFFQ69G5FAW" }), exit(), {}],
    ["another member's flow", `did not come from ${PEER}`, flow(), exit(), { linkFingerprint: "bb" }],
    ["a service whose peer the plan does not know", "did not come from", flow(), exit({ peerId: "peer_x" }), {}],
    ["a service that refuses", "the license ended", flow(), exit({ refuse: "the license ended" }), {}],
    ["another source", "no route", flow({ from: "10.71.2.2" }), exit(), {}],
    ["another destination", "no route", flow({ to: "10.71.4.2" }), exit(), {}],
    [
      "the source of one route with the destination of another",
      "no route",
      flow({ from: "10.9.0.1" }),
      exit({
        routes: [
          { route_id: 1, priority: 0, source_cidr: "10.9.0.0/16", dest_cidr: "10.8.0.0/16" },
          { route_id: 2, priority: 0, source_cidr: "10.71.1.0/24", dest_cidr: "10.71.3.0/24" },
        ],
      }),
      {},
    ],
    ["a route that names neither side", "no route", flow(), exit({ routes: [{ route_id: 1, priority: 0 }] }), {}],
    ["transparency that the service does not have", "differ", flow({ transparent: true }), exit(), {}],
    ["plain dials of a transparent service", "differ", flow(), exit({ fullyTransparent: true }), {}],
    ["the interface of a service without one", "no interface", flow({ byInterface: true }), exit(), {}],
    [
      "a source that is not in the interface's networks",
      "no network",
      flow({ from: "10.9.0.1", byInterface: true }),
      exit({ interface: { networks: ["10.71.1.0/24"] } }),
      {},
    ],
    ["this host itself", "is this host itself", flow({ to: "10.71.3.1" }), exit(), {}],
    [
      "a cluster port of this host, by name",
      "port 61000 the cluster's own",
      flow({ to: "10.71.3.1", port: 61000 }),
      exit(),
      {},
    ],
    [
      "this host's own address as the source",
      "source 10.71.3.1 is this host",
      flow({ from: "10.71.3.1" }),
      exit({ routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.3.0/24" }] }),
      {},
    ],
    [
      "two families",
      "two families",
      flow({ from: "fd71:1::2" }),
      exit({ routes: [{ route_id: 1, priority: 0, dest_cidr: "10.71.3.0/24" }] }),
      {},
    ],
  ])("%s", (_, reason, request, service, changes) => {
    expect(reasonFor(request, service, changes)).toContain(reason);
  });

  test.each([
    ["169.254.169.254", "a metadata address"],
    ["fd00:ec2::254", "a metadata address"],
    ["127.0.0.1", "loopback"],
    ["127.255.0.1", "loopback"],
    ["::1", "loopback"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["169.254.1.1", "link-local"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["224.0.0.1", "multicast"],
    ["ff02::1", "multicast"],
    ["255.255.255.255", "broadcast"],
    ["240.0.0.1", "reserved"],
    ["::7f00:1", "an IPv4 address in an IPv6 dress"],
    ["64:ff9b::127.0.0.1", "loopback, wrapped in IPv6"],
    ["64:ff9b::169.254.169.254", "a metadata address, wrapped in IPv6"],
    ["2002:7f00:1::", "loopback, wrapped in IPv6"],
  ])("%s, whatever the routes say: it is %s", (to, kind) => {
    const everything = exit({
      routes: [{ route_id: 1, priority: 0, dest_cidr: to.includes(":") ? "::/0" : "0.0.0.0/0" }],
    });
    const from = to.includes(":") ? "fd71:1::2" : "10.71.1.2";
    expect(reasonFor(flow({ from, to }), everything)).toContain(`is ${kind}`);
    expect(reasonFor(flow({ from, to, byInterface: true }), exit({ interface: { networks: [] } }))).toContain(
      `is ${kind}`,
    );
  });

  test("an IPv4-mapped destination, which a dual-stack socket would dial as IPv4", () => {
    expect(parseSocketAddress("::ffff:127.0.0.1")).toEqual(parseAddress("127.0.0.1"));
    expect(specialKindOf({ family: 6, value: (0xffffn << 32n) | 0x7f000001n })).toBe(
      "an IPv4 address in an IPv6 dress",
    );
  });
});

test("ordinary addresses are not special", () => {
  for (const text of ["10.0.0.1", "192.168.0.1", "8.8.8.8", "fd71:3::2", "2001:4860::8888", "64:ff9b::8.8.8.8"]) {
    const address = parseAddress(text);
    expect(address && specialKindOf(address), text).toBeUndefined();
  }
});

describe("the host's owner", () => {
  const under = (exitPolicy: PegasusPlan["exitPolicy"], request: OpenRequest, service = exit()) => {
    const asked = context([service]);
    const plan = exitPolicy === undefined ? asked.plan : { ...asked.plan, exitPolicy };
    const admission = admit(request, { ...asked, plan });
    return admission.type === "admitted" ? "admitted" : admission.reason;
  };
  const none = { allowHost: [], allow: [], sources: [] };

  test("lets out to the destinations of exit_allow alone, whatever a service says", () => {
    expect(under({ ...none, allow: ["10.71.3.0/25"] }, flow())).toBe("admitted");
    expect(under({ ...none, allow: ["192.0.2.0/24"] }, flow())).toContain("exit_allow does not name");
  });

  test("lets out the sources of exit_sources alone", () => {
    expect(under({ ...none, sources: ["10.71.1.0/24"] }, flow())).toBe("admitted");
    expect(under({ ...none, sources: ["10.99.0.0/16"] }, flow())).toContain("exit_sources does not name");
  });

  test("lifts the ban on an own address for the named port alone", () => {
    const lifted = (port: number) => ({ ...none, allowHost: [{ cidr: "10.71.3.1/32", protocol: "tcp", port }] });
    const toHost = flow({ to: "10.71.3.1" });
    expect(under(none, toHost)).toContain("is this host itself");
    expect(under(lifted(toHost.destination.port), toHost)).toBe("admitted");
    expect(under(lifted(toHost.destination.port + 1), toHost)).toContain("is this host itself");
    expect(under({ ...none, allowHost: [{ cidr: "10.71.3.1/32", protocol: "udp" }] }, toHost)).toContain(
      "is this host itself",
    );
  });
});
