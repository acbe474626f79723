import { describe, expect, test } from "vitest";
import { composePlan, type Observed, type ObservedPeer, type Plan } from "../../../src/compose/plan.ts";
import { parseCompose } from "../../../src/compose/read.ts";
import { planText, stepText } from "../../../src/compose/step-text.ts";
import { peerId, samplePeer, sampleService } from "../../support/samples.ts";

const FILE = `
version: v1
license: license.json
peers:
  - {name: alpha, address: alpha:8080}
  - {name: beta, address: beta:8080}
  - {name: gamma, address: gamma}
services:
  - name: lan
    source_peer: alpha
    target_peer: beta
    routes: [{dest_cidr: 10.9.0.0/16}]
`;
const members = (): [string, ObservedPeer][] =>
  ["alpha", "beta", "gamma"].map((name) => [name, { type: "member", peer: samplePeer(name) }]);
const lan = sampleService("lan");

function plan(text: string, peers: [string, ObservedPeer][], services: Observed["services"], isPruning = false): Plan {
  return composePlan(parseCompose(text, "cluster.yaml"), { peerByName: new Map(peers), services }, { isPruning });
}

function steps(...args: Parameters<typeof plan>): string[] {
  return plan(...args).steps.map(stepText);
}

describe("a compose plan", () => {
  test("founds with the first peer, bootstraps the others, adds them, then makes the services", () => {
    const blank = ["alpha", "beta", "gamma"].map((name): [string, ObservedPeer] => [name, { type: "blank" }]);
    expect(steps(FILE, blank, [])).toEqual([
      "bootstrap alpha at alpha:8080: the first peer of the cluster",
      "bootstrap beta at beta:8080",
      "bootstrap gamma at gamma:8080",
      "add beta at beta:8080 to the cluster",
      "add gamma at gamma:8080 to the cluster",
      "create service lan: alpha to beta",
    ]);
  });

  test("founds with the server where the file names one", () => {
    const blank = ["alpha", "beta", "gamma"].map((name): [string, ObservedPeer] => [name, { type: "blank" }]);
    const planned = steps(`${FILE}server: {peer: gamma}\n`, blank, []);
    expect(planned[0]).toBe("bootstrap gamma at gamma:8080: the first peer of the cluster");
    expect(planned).toContain("update peer gamma: entry: none → server");
  });

  test("is empty where the cluster is as the file says", () => {
    expect(plan(FILE, members(), [lan])).toEqual({ steps: [], unreachable: [], unlisted: [] });
    expect(planText(plan(FILE, members(), [lan]))).toBe("Nothing to do: the cluster is as the file says.");
  });

  test("goes on where an interrupted run stopped: a stranger is added, a blank host bootstrapped", () => {
    const peers: [string, ObservedPeer][] = [
      ["alpha", { type: "member", peer: samplePeer("alpha") }],
      ["beta", { type: "stranger", peerId: peerId("b") }],
      ["gamma", { type: "blank" }],
    ];
    expect(steps(FILE, peers, [])).toEqual([
      "bootstrap gamma at gamma:8080",
      "add beta at beta:8080 to the cluster",
      "add gamma at gamma:8080 to the cluster",
      "create service lan: alpha to beta",
    ]);
  });

  test("names every field of a service that differs", () => {
    const held = sampleService("lan", {
      target_peer_id: peerId("g"),
      bandwidth_limit_mbps: 5,
      routes: [{ route_id: 4, priority: 7, dest_cidr: "10.8.0.0/16" }],
    });
    expect(steps(FILE, members(), [held])).toEqual([
      "update service lan: target_peer: gamma → beta, bandwidth_limit_mbps: 5 → 0, " +
        "routes: any>10.8.0.0/16@7 → any>10.9.0.0/16",
    ]);
  });

  test("does not care in which order routes are written", () => {
    const text = FILE.replace("{dest_cidr: 10.9.0.0/16}", "{dest_cidr: 10.7.0.0/16}, {dest_cidr: 10.9.0.0/16}");
    const held = sampleService("lan", {
      routes: [
        { route_id: 1, priority: 0, dest_cidr: "10.9.0.0/16" },
        { route_id: 2, priority: 0, dest_cidr: "10.7.0.0/16" },
      ],
    });
    expect(steps(text, members(), [held])).toEqual([]);
  });

  test("makes a service anew where its source peer changes", () => {
    const held = sampleService("lan", { source_peer_id: peerId("g") });
    expect(steps(FILE, members(), [held])).toEqual([
      `delete service lan (${held.id}): it is made anew on another source peer`,
      "create service lan: alpha to beta",
    ]);
  });

  test("leaves services alone that the file does not name, unless it prunes", () => {
    const other = sampleService("other");
    expect(steps(FILE, members(), [lan, other])).toEqual([]);
    expect(plan(FILE, members(), [lan, other]).unlisted).toEqual([{ name: "other", id: other.id }]);
    expect(steps(FILE, members(), [lan, other], true)).toEqual([
      `delete service other (${other.id}): the file does not name it`,
    ]);
  });

  test("never deletes the file's own service because another peer has one of its name", () => {
    const twin = sampleService("lan", { id: sampleService("twin").id, source_peer_id: peerId("g") });
    expect(steps(FILE, members(), [twin, lan])).toEqual([]);
    expect(plan(FILE, members(), [twin, lan]).unlisted).toEqual([{ name: "lan", id: twin.id }]);
  });

  test("plans nothing for a peer that is out of reach, nor for its services", () => {
    const peers = members().map(([name, peer]): [string, ObservedPeer] =>
      name === "beta" ? [name, { type: "unreachable", reason: "no answer" }] : [name, peer],
    );
    const planned = plan(FILE, peers, []);
    expect(planned.steps).toEqual([]);
    expect(planned.unreachable).toEqual([{ peer: "beta", reason: "no answer" }]);
  });

  test("closes an API last, since a closed one answers members only", () => {
    const text = FILE.replace("address: beta:8080}", "address: beta:8080, api_access: internal}");
    expect(steps(text, members(), [])).toEqual([
      "create service lan: alpha to beta",
      "update peer beta: api_access: full → internal",
    ]);
  });

  test("says nothing of entries where the file says nothing", () => {
    const peers = members().map(([name, peer]): [string, ObservedPeer] =>
      peer.type === "member" && name === "alpha"
        ? [
            name,
            {
              type: "member",
              peer: { ...peer.peer, entry: { role: "server", claimed_at: "2026-01-01T00:00:00.000Z" } },
            },
          ]
        : [name, peer],
    );
    expect(steps(FILE, peers, [lan])).toEqual([]);
    expect(steps(`${FILE}server: {peer: beta}\n`, peers, [lan])).toEqual([
      "update peer alpha: entry: server → none",
      "update peer beta: entry: none → server",
    ]);
  });
});
