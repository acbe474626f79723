import { createPublicKey, hash, type KeyObject } from "node:crypto";
import type { ClientId, ClusterNode, Millis } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
import { type Client, findClient } from "./credential.ts";
import { type Caller, callerFrom, type TokenClaims, type TokenJudge, verifyToken } from "./token.ts";

const REMEMBERED = 1024;
/** For so long an audience that was right counts as right; it is computed from all members' records. */
const AUDIENCES_KEPT_MS = 1_000;

/**
 * Judges tokens, and remembers which signatures were right, by the token's SHA-256: a client shows one token for an hour.
 * Who issued it, for whom, and until when, is judged each time.
 */
export class TokenChecks {
  readonly #claimsByHash = new Map<string, TokenClaims>();
  readonly #rightUntilByAudience = new Map<string, Millis>();
  readonly #keyByText = new Map<string, KeyObject>();
  readonly #clients = new Clients();

  /** Throws Problem. */
  async check(peer: LocalPeer, token: string, now: Millis): Promise<Caller> {
    const judge = this.#judgeFor(peer, now);
    const name = hash("sha256", token, "base64");
    const known = this.#claimsByHash.get(name);
    const claims = known ?? (await verifyToken(judge, token, now));
    if (known === undefined) this.#remember(name, claims);
    return callerFrom(judge, claims, now);
  }

  #judgeFor({ identity, node, facts }: LocalPeer, now: Millis): TokenJudge {
    return {
      identity,
      node,
      isAudience: (clusterId) => {
        const until = this.#rightUntilByAudience.get(clusterId) ?? 0;
        if (now < until && until <= now + AUDIENCES_KEPT_MS) return true;
        const { id, aliases } = node.cluster;
        // Tokens for the id that this host was bootstrapped with live until they expire.
        const audiences = [id, ...aliases, facts.cluster_id];
        this.#rightUntilByAudience.clear();
        for (const audience of audiences) this.#rightUntilByAudience.set(audience, now + AUDIENCES_KEPT_MS);
        return audiences.some((audience) => audience === clusterId);
      },
      parsedKey: (publicKey) => this.#parsedKey(publicKey),
      clientOf: (clientId) => this.#clients.find(node, clientId),
    };
  }

  #parsedKey(publicKey: string): KeyObject {
    const known = this.#keyByText.get(publicKey);
    if (known !== undefined) return known;
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: publicKey }, format: "jwk" });
    if (this.#keyByText.size >= REMEMBERED) this.#keyByText.clear();
    this.#keyByText.set(publicKey, key);
    return key;
  }

  #remember(name: string, claims: TokenClaims): void {
    this.#claimsByHash.set(name, claims);
    const [oldest] = this.#claimsByHash.keys();
    if (this.#claimsByHash.size > REMEMBERED && oldest !== undefined) this.#claimsByHash.delete(oldest);
  }
}

/** Clients that were looked up, for as long as no record changes. */
class Clients {
  #hashes: unknown;
  readonly #byId = new Map<ClientId, Client | undefined>();

  find(node: ClusterNode, clientId: ClientId): Client | undefined {
    const { hashes } = node.registry;
    // The same object until something changes.
    if (hashes !== this.#hashes || this.#byId.size >= REMEMBERED) this.#byId.clear();
    this.#hashes = hashes;
    const known = this.#byId.get(clientId);
    if (known !== undefined || this.#byId.has(clientId)) return known;
    const client = findClient(node, clientId);
    this.#byId.set(clientId, client);
    return client;
  }
}
