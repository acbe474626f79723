import { describe, expect, it } from "vitest";
import { kindTable } from "../../src/kinds/kinds.ts";
import type { KindDefinition } from "../../src/registry/kind.ts";
import {
  bytesOf,
  clientIdOf,
  identityOf,
  licenseIdOf,
  peerBody,
  rotationIdOf,
  serviceBody,
  serviceIdOf,
} from "../support/fixtures.ts";

const [owner, other] = [identityOf("owner").peerId, identityOf("other").peerId];
const kinds = kindTable();
const complaintOf = (kind: string, id: string, body: object) => {
  const definition = kinds.get(kind);
  return definition?.checkId(id, owner) ?? definition?.checkBody(body as never, owner);
};
const instant = "2026-01-15T12:00:00Z";
const hash = Buffer.from(bytesOf("hash")).toString("base64url");

describe("the kinds of records", () => {
  it("each takes its own", () => {
    expect(complaintOf("peer", owner, peerBody(owner, "a"))).toBeUndefined();
    expect(complaintOf("service", serviceIdOf("a"), serviceBody(other))).toBeUndefined();
    expect(complaintOf("admission", other, { introduced_at: instant })).toBeUndefined();
    expect(complaintOf("revocation", other, { reason: "", revoked_at: instant })).toBeUndefined();
    expect(complaintOf("revocation", clientIdOf("c"), { reason: "", revoked_at: instant })).toBeUndefined();
    expect(
      complaintOf("credential", clientIdOf("c"), {
        secret_hash: hash,
        scopes: [],
        license_id: licenseIdOf("l"),
        created_at: instant,
      }),
    ).toBeUndefined();
    expect(
      complaintOf("rotation", rotationIdOf("r"), {
        client_id: clientIdOf("c"),
        secret_hash: hash,
        rotated_at: instant,
      }),
    ).toBeUndefined();
  });
  it("each refuses an id that is not of its kind", () => {
    expect(complaintOf("peer", other, peerBody(other, "a"))).toMatch(/owner/);
    expect(complaintOf("service", other, {})).toMatch(/svc_/);
    expect(complaintOf("admission", owner, {})).toMatch(/nobody admits itself/);
    expect(complaintOf("admission", serviceIdOf("a"), {})).toMatch(/peer_/);
    expect(complaintOf("revocation", serviceIdOf("a"), {})).toMatch(/neither/);
    expect(complaintOf("credential", other, {})).toMatch(/cli_/);
    expect(complaintOf("rotation", other, {})).toMatch(/rot_/);
  });
  it("a body keeps fields that are not known here", () => {
    expect(complaintOf("service", serviceIdOf("a"), serviceBody(other, { later: { deep: [1] } }))).toBeUndefined();
  });
  it("a service's networks are canonical, of one family, and a route names one", () => {
    const routes = (...list: object[]) =>
      complaintOf("service", serviceIdOf("a"), serviceBody(other, { routes: list as never }));
    const route = { route_id: 1, priority: 1 };
    expect(
      routes({ ...route, dest_cidr: "10.0.0.0/8" }, { ...route, route_id: 2, source_cidr: "fd00::/8" }),
    ).toBeUndefined();
    expect(routes(route)).toMatch(/source_cidr or a dest_cidr/);
    expect(routes({ ...route, dest_cidr: "10.0.0.1/8" })).toMatch(/canonical/);
    expect(routes({ ...route, dest_cidr: "010.0.0.0/8" })).toMatch(/canonical/);
    expect(routes({ ...route, dest_cidr: "10.0.0.0/8", source_cidr: "fd00::/8" })).toMatch(/one family/);
    expect(routes({ ...route, dest_cidr: "10.0.0.0/8" }, { ...route, dest_cidr: "11.0.0.0/8" })).toMatch(/unique/);
  });
  it("a service's own address is one canonical text, host bits and all", () => {
    const service = (changes: object) => complaintOf("service", serviceIdOf("a"), serviceBody(other, changes as never));
    expect(service({ desired_ipv4_cidr: "10.0.0.7/24", desired_ipv6_cidr: "fd00::7/64" })).toBeUndefined();
    for (const text of ["10.0.0.7", "10.0.0.7/024", "010.0.0.7/24", "10.0.0.7/33", "fd00::7/64"])
      expect(service({ desired_ipv4_cidr: text }), text).toBeDefined();
    for (const text of [
      "FD00::7/64",
      "fd00:0::7/64",
      "::ffff:10.0.0.1/120",
      "fd00::7/129",
      "fd00::7",
      "10.0.0.7/24",
      "fe80::1%eth0/64",
    ])
      expect(service({ desired_ipv6_cidr: text }), text).toBeDefined();
  });
  it("a fully transparent service needs its own interface", () => {
    expect(complaintOf("service", serviceIdOf("a"), serviceBody(other, { fully_transparent: true }))).toMatch(
      /requires_interface/,
    );
    expect(
      complaintOf(
        "service",
        serviceIdOf("a"),
        serviceBody(other, { fully_transparent: true, requires_interface: true }),
      ),
    ).toBeUndefined();
  });
  it("a peer's addresses are host and port", () => {
    const peer = (address: string) => complaintOf("peer", owner, peerBody(owner, "a", { addresses: [address] }));
    for (const address of ["a.example:8080", "192.0.2.1:80", "[2001:db8::1]:8080"])
      expect(peer(address), address).toBeUndefined();
    for (const address of [
      "a.example",
      "http://a.example:80",
      "a.example:80/path",
      "user@a.example:80",
      "a.example:99999",
      "2001:db8::1:80",
      "a b:80",
      ":80",
    ])
      expect(peer(address), address).toBeDefined();
  });
});

describe("an embedder's kinds", () => {
  const note = (changes: Partial<KindDefinition> = {}): KindDefinition => ({
    name: "app.note",
    group: "others",
    lasting: "live",
    isDeletable: true,
    limitPerOwner: 10,
    checkId: () => undefined,
    checkBody: ({ text }) => (typeof text === "string" ? undefined : "text: not a text"),
    ...changes,
  });
  it("stand beside Arctic's own and are judged by their own rule", () => {
    const table = kindTable([note()]);
    expect(table.get("app.note")?.checkBody({ text: "x" }, owner)).toBeUndefined();
    expect(table.get("app.note")?.checkBody({ text: 1 }, owner)).toBe("text: not a text");
    expect(table.has("service")).toBe(true);
  });
  it("cannot take a name that is Arctic's, malformed, or taken already", () => {
    for (const name of ["peer", "note", "app.", "app.Note", "app.a b", "App.note"])
      expect(() => kindTable([note({ name })]), name).toThrow(TypeError);
    expect(() => kindTable([note(), note()])).toThrow(TypeError);
  });
  it("say by their name and group what peers that do not know them assume", () => {
    expect(() => kindTable([note({ lasting: "lasting" })])).toThrow(/!/);
    expect(() => kindTable([note({ name: "app.note!" })])).toThrow(/!/);
    expect(() => kindTable([note({ group: "services" })])).toThrow(/others/);
    expect(kindTable([note({ name: "app.note!", lasting: "lasting" })]).has("app.note!")).toBe(true);
  });
});
