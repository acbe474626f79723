import { describe, expect, test } from "vitest";
import { formatCompose } from "../../../src/compose/canonical-text.ts";
import { parseCompose } from "../../../src/compose/read.ts";
import { TEMPLATE } from "../../../src/compose/template.ts";

const HEAD = `version: v1
peers:
  - name: alpha
    address: 10.0.0.1:8080
  - name: beta
    address: "[fd00::2]:8080"
`;

describe("a compose file", () => {
  test("is filled with defaults", () => {
    const { services } = parseCompose(
      `${HEAD}services: [{name: s, source_peer: alpha, target_peer: beta, routes: [{dest_cidr: fd00::/48}]}]`,
      "f",
    );
    expect(services).toEqual([
      {
        name: "s",
        source_peer: "alpha",
        target_peer: "beta",
        transport_type: "tcp",
        fully_transparent: false,
        routes: [{ priority: 0, dest_cidr: "fd00::/48" }],
      },
    ]);
  });

  test.each([
    ["version: v1\npeers: []", "f:2:1: peers needs at least one peer"],
    ["version: v2\npeers: [{name: a, address: a}]", "f:1:10: version is not v1, the only version so far"],
    ["version: v1\npeers: [{name: a}]", "f:2:9: peers[0].address is missing"],
    ["version: v1\ncolour: red\npeers: [{name: a, address: a}]", 'the file has a field that does not exist: "colour"'],
    ["version: v1\npeers: [{name: a, address: a b}]", "f:2:28: peers[0].address is not HOST:PORT"],
    ["", "the file is null where object belongs"],
  ])("%j is refused where it stands", (text, message) => {
    expect(() => parseCompose(text, "f")).toThrow(message);
  });

  test.each([
    ["routes: []", "f:8:5: services[0] needs an enabled interface or a route"],
    ["routes: [{dest_cidr: 10.0.0.1/08}]", "services[0].routes[0].dest_cidr is not a canonical CIDR"],
    ["routes: [{priority: 1}]", "services[0].routes[0] needs source_cidr or dest_cidr"],
    [
      "routes: [{source_cidr: 10.0.0.0/8, dest_cidr: fd00::/48}]",
      "services[0].routes[0] has a source_cidr and a dest_cidr of two families",
    ],
    ["transport_type: udp", "f:11:21: services[0].transport_type is not tcp, the only transport so far"],
    [
      "fully_transparent: true, routes: [{dest_cidr: 10.0.0.0/8}]",
      "services[0].fully_transparent needs an enabled interface",
    ],
  ])("a service with %s is refused", (field, message) => {
    const lines = field.split(/, (?=routes)/).map((line) => `    ${line}\n`);
    const text = `${HEAD}services:\n  - name: s\n    source_peer: alpha\n    target_peer: beta\n${lines.join("")}`;
    expect(() => parseCompose(text, "f")).toThrow(message);
  });

  test("names are unique and refer to peers of the file", () => {
    const text = `${HEAD}  - {name: alpha, address: 10.0.0.1}\nserver: {peer: delta}\nservices:
  - {name: s, source_peer: alpha, target_peer: omega, routes: [{dest_cidr: 10.0.0.0/8}]}
  - {name: s, source_peer: alpha, target_peer: alpha, routes: [{dest_cidr: 10.0.0.0/8}]}`;
    expect(() => parseCompose(text, "f")).toThrow("services[1].target_peer is the source_peer too: they must differ");
    expect(() => parseCompose(text.replace("target_peer: alpha", "target_peer: beta"), "f")).toThrow(
      [
        "5 mistakes:",
        "  f:7:12: peers[2].name is used twice",
        "  f:7:28: peers[2].address is used twice",
        "  f:11:12: services[1].name is used twice",
        '  f:8:16: server.peer is "delta", which is not among peers',
        '  f:10:48: services[0].target_peer is "omega", which is not among peers',
      ].join("\n"),
    );
  });

  test("broken YAML is named with its line", () => {
    expect(() => parseCompose("version: v1\npeers: [\n", "f")).toThrow(/^f:\d+:\d+: /);
    expect(() => parseCompose("version: v1\nversion: v1\n", "f")).toThrow("f:2:1: Map keys must be unique");
  });

  test("the example is valid and laid out", () => {
    expect(parseCompose(TEMPLATE, "f").services).toHaveLength(1);
    expect(formatCompose(TEMPLATE, "f")).toBe(TEMPLATE);
  });

  test("its layout orders the fields and keeps comments, and is final", () => {
    const text = `peers:\n- address: a:1 # here\n  name: a\nversion: v1\n`;
    const once = formatCompose(text, "f");
    expect(once).toBe("version: v1\n\npeers:\n  - name: a\n    address: a:1 # here\n");
    expect(formatCompose(once, "f")).toBe(once);
  });
});
