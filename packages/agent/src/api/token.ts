import { createPrivateKey, type KeyObject } from "node:crypto";
import {
  base64urlFromBytes,
  type ClientId,
  type ClusterNode,
  type Identity,
  isId,
  LIMITS,
  type Millis,
  type PeerId,
} from "@arctic/core";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Client } from "./credential.ts";
import { Problem } from "./problem.ts";
import { includesScope, parseScope, type Scope, scopeName } from "./scope.ts";

export const TOKEN_TTL_SECONDS = 3600;

/** Who calls, and what the call may do. */
export interface Caller {
  readonly type: "token" | "recovery";
  readonly clientId: ClientId | undefined;
  readonly scopes: readonly Scope[];
}

export interface TokenGrant {
  readonly clientId: ClientId;
  readonly scopes: readonly Scope[];
  readonly ttlSeconds: number;
  /** A text that was never used before. */
  readonly tokenId: string;
}

/** A JWT (RFC 7519), EdDSA, signed by this peer's key. */
export function issueToken(identity: Identity, node: ClusterNode, grant: TokenGrant, now: Millis): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const key = createPrivateKey({ key: privateJwk(identity), format: "jwk" });
  return new SignJWT({ scope: grant.scopes.map(scopeName).join(" ") })
    .setProtectedHeader({ alg: "EdDSA", typ: "JWT", kid: identity.peerId })
    .setIssuer(identity.peerId)
    .setAudience(node.cluster.id)
    .setSubject(grant.clientId)
    .setJti(grant.tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + grant.ttlSeconds)
    .sign(key);
}

/** By what a token is judged. */
export interface TokenJudge {
  readonly identity: Identity;
  readonly node: ClusterNode;
  /** Whether a cluster id is one that tokens are taken for. */
  readonly isAudience: (clusterId: string) => boolean;
  /** The client, unless it is unknown or was revoked. */
  readonly clientOf: (clientId: ClientId) => Client | undefined;
  /** A public key, base64url, as `node:crypto` and jose take it: both do more for one that they know. */
  readonly parsedKey: (publicKey: string) => KeyObject;
}

/** A token ends when it says, give or take what clocks that are kept by NTP may differ. */
const EXPIRY_TOLERANCE_SECONDS = 30;
/** A member's clock may be this far ahead; a token from there lives no longer for it. */
const AHEAD_TOLERANCE_SECONDS = LIMITS.clockToleranceMs / 1000;

/** What a token says, once its signature was found right. */
export interface TokenClaims {
  readonly issuer: PeerId;
  /** The issuer's key at that time, base64url. */
  readonly publicKey: string;
  readonly audience: string;
  readonly clientId: ClientId;
  readonly scopes: readonly Scope[];
  /** Seconds since the epoch. */
  readonly expiresAtSeconds: number;
}

/**
 * The claims of a token that any trusted peer issued for this cluster. Who may call by them is `callerFrom`'s to say.
 * Throws Problem.
 */
export async function verifyToken(judge: TokenJudge, token: string, now: Millis): Promise<TokenClaims> {
  const issuer = issuerOf(token);
  const publicKey = issuer === undefined ? undefined : keyOf(judge, issuer);
  if (issuer === undefined || publicKey === undefined) throw unauthorized(STRANGE_ISSUER);
  const payload = await verified(token, issuer, judge.parsedKey(publicKey), now);
  const { sub, aud, exp = 0 } = payload;
  if (!isId("cli", sub)) throw unauthorized("its subject is no client id");
  if (typeof aud !== "string" || !judge.isAudience(aud)) throw unauthorized(STRANGE_AUDIENCE);
  const scopes = String(payload.scope ?? "")
    .split(" ")
    .flatMap((text) => parseScope(text) ?? []);
  return { issuer, publicKey, audience: aud, clientId: sub, scopes, expiresAtSeconds: exp };
}

/**
 * The caller behind a token's claims at this moment: what may change after the token was verified is judged here. The
 * scope is cut to what the registry records for the client, so that a revoked or narrowed client's tokens fail at once.
 * Throws Problem.
 */
export function callerFrom(judge: TokenJudge, claims: TokenClaims, now: Millis): Caller {
  if (keyOf(judge, claims.issuer) !== claims.publicKey) throw unauthorized(STRANGE_ISSUER);
  if (!judge.isAudience(claims.audience)) throw unauthorized(STRANGE_AUDIENCE);
  if (claims.expiresAtSeconds + EXPIRY_TOLERANCE_SECONDS <= now / 1000) throw expired();
  const client = judge.clientOf(claims.clientId);
  if (client === undefined) throw unauthorized("its client is unknown here or was revoked");
  const scopes = claims.scopes.filter((scope) => includesScope(client.scopes, scope));
  return { type: "token", clientId: claims.clientId, scopes };
}

const STRANGE_ISSUER = "its issuer is no member of this cluster";
const STRANGE_AUDIENCE = "its audience is another cluster";

function expired(): Problem {
  return new Problem(
    "TOKEN_EXPIRED",
    "the token has expired: ask for a new one; where it is new, the clocks of its issuer and of this peer differ",
  );
}

/** A member's public key as a JWK; `kid` is the peer id. */
export function publicJwk(peerId: PeerId, publicKey: string) {
  return { kty: "OKP", crv: "Ed25519", x: publicKey, kid: peerId, use: "sig", alg: "EdDSA" } as const;
}

function issuerOf(token: string): PeerId | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return isId("peer", kid) ? kid : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(judge: TokenJudge, issuer: PeerId): string | undefined {
  if (issuer === judge.identity.peerId) {
    return judge.node.cluster.hasLeft ? undefined : base64urlFromBytes(judge.identity.publicKey);
  }
  return judge.node.peers.isMember(issuer) ? judge.node.peers.get(issuer)?.publicKey : undefined;
}

async function verified(token: string, issuer: PeerId, key: KeyObject, now: Millis): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["EdDSA"],
      typ: "JWT",
      issuer,
      currentDate: new Date(now),
      clockTolerance: EXPIRY_TOLERANCE_SECONDS,
      requiredClaims: ["iss", "aud", "sub", "exp", "iat", "jti"],
    });
    checkLifetime(payload, now);
    return payload;
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof errors.JWTExpired) throw expired();
    if (error instanceof errors.JWTClaimValidationFailed)
      throw unauthorized(`its claim ${error.claim} is not right here`);
    throw unauthorized("it does not verify");
  }
}

/** A signer may not stretch what a token is: at most an hour, and not from the future. */
function checkLifetime(payload: JWTPayload, now: Millis): void {
  const { iat = 0, exp = 0 } = payload;
  if (exp - iat > TOKEN_TTL_SECONDS) throw unauthorized("it lives longer than tokens do");
  if (iat > now / 1000 + AHEAD_TOLERANCE_SECONDS)
    throw unauthorized("it was issued in the future: the clock of its issuer or of this peer is wrong");
}

function unauthorized(reason: string): Problem {
  return new Problem("UNAUTHORIZED", `the token is not accepted: ${reason}`);
}

function privateJwk(identity: Identity) {
  return {
    kty: "OKP",
    crv: "Ed25519",
    x: base64urlFromBytes(identity.publicKey),
    d: base64urlFromBytes(identity.secretKey),
  };
}
