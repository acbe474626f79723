import * as nodeCrypto from "node:crypto";
import { join } from "node:path";
import {
  createId,
  createIdentity,
  cryptoFromNode,
  type Identity,
  issueRecord,
  type JsonObject,
  rfc3339FromMs,
  type SignedRecord,
} from "@arctic/core";
import type { Bootstrapped } from "../../packages/agent/src/api/client.ts";
import { loadIdentity } from "../../packages/agent/src/state/peer-key.ts";
import { openSqliteStore } from "../../packages/agent/src/store/sqlite-store.ts";
import { bootstrapped, startTestAgent, type TestAgent } from "../../packages/agent/test/helpers/agents.ts";
import type { Authority } from "../../packages/agent/test/helpers/authority.ts";

const crypto = cryptoFromNode(nodeCrypto);

export interface Filled {
  readonly agent: TestAgent;
  readonly made: Bootstrapped;
}

/**
 * A stopped agent on whose disk lies what it would have heard: so many members that it admitted, none of them
 * reachable, and their services. Start it with `restart`.
 */
export async function filledAgent(authority: Authority, peers: number, services: number): Promise<Filled> {
  const license = authority.issue({ max_nodes: peers + 100, max_services: services + 100 });
  const agent = await startTestAgent(authority.rootsPath, { logLevel: "error" }, { writeLog: () => undefined });
  const made = await bootstrapped(agent, license, "filled");
  await agent.agent.stop();
  const store = openSqliteStore(join(agent.config.stateDir, "arctic.sqlite"));
  const identity = loadIdentity(agent.config.stateDir, store.load().facts, crypto);
  if (identity === undefined) throw new Error("the agent was bootstrapped");
  store.commit({ records: recordsOf(identity, made, authority.customerId, peers, services) });
  store.close();
  return { agent, made };
}

function recordsOf(
  self: Identity,
  { cluster_id, peer_id }: Bootstrapped,
  customerId: Authority["customerId"],
  peers: number,
  services: number,
): SignedRecord[] {
  const now = Date.now() - 60_000;
  const at = rfc3339FromMs(now);
  const owners = Array.from({ length: peers }, () => createIdentity(crypto, now));
  const write = (owner: Identity, kind: string, id: string, body: JsonObject) =>
    issueRecord(crypto, owner, { kind, id, version: now * 1024, customerId }, { body });
  return [
    ...owners.map((owner) => write(self, "admission", owner.peerId, { introduced_at: at })),
    ...owners.map((owner, index) =>
      write(owner, "peer", owner.peerId, {
        name: `host ${index}`,
        description: "",
        // Reserved for documents (RFC 5737): nobody answers there.
        addresses: ["192.0.2.1:8080"],
        api_access: "full",
        cluster: { id: cluster_id, minted_by: peer_id, founded: true },
        tls_fingerprint: fingerprintOf(index),
        agent_version: "0.1.0",
        created_at: at,
      }),
    ),
    ...Array.from({ length: services }, (_, index) => {
      const owner = owners[index % owners.length];
      if (owner === undefined) throw new Error("services want owners");
      return write(owner, "service", createId("svc", crypto, now), {
        name: `service ${index}`,
        target_peer_id: peer_id,
        transport_type: "tcp",
        requires_interface: false,
        fully_transparent: false,
        bandwidth_limit_mbps: 0,
        routes: [{ route_id: 1, priority: 0, dest_cidr: `10.${(index >> 8) & 255}.${index & 255}.0/24` }],
        created_at: at,
      });
    }),
  ];
}

function fingerprintOf(index: number): string {
  return index.toString(16).padStart(64, "0");
}
