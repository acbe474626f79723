import type { ClientId, ClusterNode, LiveRecord, PeerId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { allClients, findClient } from "../../src/api/credential.ts";

const id: ClientId = "cli_01ARZ3NDEKTSV4RRFFQ69G5FAV";
const [maker, thief] = ["peer_maker", "peer_thief"] as unknown as [PeerId, PeerId];
const credential = (owner: PeerId, version: number, scope: string) =>
  ({ kind: "credential", id, owner, version, body: { scopes: [scope] } }) as unknown as LiveRecord;
const node = (revoked: readonly PeerId[]) =>
  ({
    registry: {
      live: (kind: string) =>
        kind === "credential" ? [credential(maker, 5, "admin"), credential(thief, 1, "peers.read")] : [],
    },
    peers: { get: (peer: PeerId) => ({ standing: revoked.includes(peer) ? "revoked" : "member" }) },
  }) as unknown as ClusterNode;

describe("a client of which two members wrote a record", () => {
  it("is the older one's while both are members", () => {
    expect(findClient(node([]), id)).toMatchObject({ createdBy: thief, scopes: ["peers.read"] });
    expect(allClients(node([]))).toHaveLength(1);
  });
  it("is the other's once the older one's writer is revoked, so that it does not end with what that one made", () => {
    const found = findClient(node([thief]), id);
    expect(found).toMatchObject({ createdBy: maker, scopes: ["admin"] });
    expect(allClients(node([thief]))).toEqual([found]);
  });
});
