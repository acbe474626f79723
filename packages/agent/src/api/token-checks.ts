import { createHash } from "node:crypto";
import type { Millis } from "@arctic/core";
import type { LocalPeer } from "../peer/local-peer.ts";
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

  /** Throws Problem. */
  async check(peer: LocalPeer, token: string, now: Millis): Promise<Caller> {
    const judge = this.#judgeFor(peer, now);
    const hash = createHash("sha256").update(token).digest("base64");
    const known = this.#claimsByHash.get(hash);
    const claims = known ?? (await verifyToken(judge, token, now));
    if (known === undefined) this.#remember(hash, claims);
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
    };
  }

  #remember(hash: string, claims: TokenClaims): void {
    this.#claimsByHash.set(hash, claims);
    const [oldest] = this.#claimsByHash.keys();
    if (this.#claimsByHash.size > REMEMBERED && oldest !== undefined) this.#claimsByHash.delete(oldest);
  }
}
