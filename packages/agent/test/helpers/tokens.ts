import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientId, createId, createIdentity } from "@arctic/core";
import { type JWTHeaderParameters, SignJWT } from "jose";
import type { Bootstrapped } from "../../src/api/client.ts";
import { crypto } from "./records.ts";

/** What a test says of a token, beside what a right one says. `undefined` leaves a claim out. */
export interface TokenChange {
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Signs with this in place of the peer's key. */
  readonly key?: Parameters<SignJWT["sign"]>[0];
}

/** Signs tokens with a peer's own key, as only that peer could, and with whatever else a test wants. */
export function createTokenForge(stateDir: string, made: Bootstrapped) {
  const d = readFileSync(join(stateDir, "peer.key"), "utf8").trim();
  const ownKey = { kty: "OKP", crv: "Ed25519", x: made.peer_public_key, d };
  return (change: TokenChange = {}): Promise<string> => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: made.peer_id,
      aud: made.cluster_id,
      sub: made.client_id,
      jti: "a-test",
      iat: nowSeconds,
      exp: nowSeconds + 3600,
      scope: "urn:tillered:arctic:admin",
      ...change.claims,
    };
    const header = { alg: "EdDSA", typ: "JWT", kid: made.peer_id, ...change.header };
    return new SignJWT(claims).setProtectedHeader(header).sign(change.key ?? ownKey);
  };
}

export interface Defect {
  readonly name: string;
  readonly code: "UNAUTHORIZED" | "TOKEN_EXPIRED";
  readonly token: () => Promise<string>;
}

/** Every way in which a token may be wrong. `revoked` is a client that was one. */
export function tokenDefects(
  forge: ReturnType<typeof createTokenForge>,
  made: Bootstrapped,
  revoked: ClientId,
): Defect[] {
  const stranger = createIdentity(crypto, Date.now());
  const nowSeconds = Math.floor(Date.now() / 1000);
  const defect = (name: string, change: TokenChange, code: Defect["code"] = "UNAUTHORIZED"): Defect => ({
    name,
    code,
    token: () => forge(change),
  });
  const secret = new TextEncoder().encode(made.peer_public_key);
  return [
    defect("its issuer is no member", { header: { kid: stranger.peerId }, claims: { iss: stranger.peerId } }),
    defect("its issuer is another than its key's", { claims: { iss: stranger.peerId } }),
    defect("it has no issuer", { claims: { iss: undefined } }),
    defect("its audience is another cluster", { claims: { aud: createId("clu", crypto, Date.now()) } }),
    defect("it has no audience", { claims: { aud: undefined } }),
    defect("its algorithm is HS256 with the public key", { header: { alg: "HS256" }, key: secret }),
    defect("its key is another one", { key: generateKeyPairSync("ed25519").privateKey }),
    defect("its type is another one", { header: { typ: "at+jwt" } }),
    defect("it has no key id", { header: { kid: undefined } as never }),
    defect("it has expired", { claims: { iat: nowSeconds - 3700, exp: nowSeconds - 100 } }, "TOKEN_EXPIRED"),
    defect("it never expires", { claims: { exp: undefined } }),
    defect("it lives longer than an hour", { claims: { exp: nowSeconds + 7200 } }),
    defect("it was issued in the future", { claims: { iat: nowSeconds + 900, exp: nowSeconds + 1800 } }),
    defect("it does not hold yet", { claims: { nbf: nowSeconds + 900 } }),
    defect("its client is unknown", { claims: { sub: createId("cli", crypto, Date.now()) } }),
    defect("it has no client", { claims: { sub: undefined } }),
    defect("its client was revoked", { claims: { sub: revoked } }),
    {
      name: "it has no signature",
      code: "UNAUTHORIZED",
      token: async () => {
        const [, claims = ""] = (await forge()).split(".");
        const header = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT", kid: made.peer_id })).toString(
          "base64url",
        );
        return `${header}.${claims}.`;
      },
    },
    {
      name: "its signature was changed",
      code: "UNAUTHORIZED",
      token: async () => {
        const [header = "", claims = "", signature = ""] = (await forge()).split(".");
        return `${header}.${claims}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
      },
    },
    {
      name: "its claims were changed",
      code: "UNAUTHORIZED",
      token: async () => {
        const [header = "", , signature = ""] = (await forge()).split(".");
        const [, other = ""] = (await forge({ claims: { jti: "another" } })).split(".");
        return `${header}.${other}.${signature}`;
      },
    },
  ];
}
