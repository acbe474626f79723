import type { PeerId } from "@arctic/core";
import { describe, expect, it } from "vitest";
import { createRelayAnswerer, type RelayedRequest, relay } from "../../src/api/relay.ts";
import type { LocalPeer } from "../../src/peer/local-peer.ts";

const FROM = "peer_A" as PeerId;
const request: RelayedRequest = {
  id: "0123456789abcdef",
  method: "POST",
  path: "/v1/services",
  token: "t",
  body: "{}",
  hops: 1,
};

/** A peer that answers each call with the given outcome. */
const peerWith = (outcome: object) =>
  ({ node: { peers: { isMember: () => true } }, call: async () => outcome }) as unknown as LocalPeer;

describe("a relayed call", () => {
  const answerWith = (body: string) =>
    createRelayAnswerer(async () => ({ status: 200, body, contentType: "application/json" }));
  const ask = async (message: object, body = "{}") =>
    JSON.parse(await answerWith(body)(FROM, JSON.stringify(message))) as { status: number; body: string };

  it("is carried out where it is well-formed", async () => {
    expect(await ask({ format: 1, ...request })).toEqual({ status: 200, body: "{}" });
  });

  it.each([
    ["takes a third link", { hops: 3 }],
    ["came by none", { hops: 0 }],
    ["has no id", { id: undefined }],
    ["has an id of another form", { id: "short" }],
    ["names no path", { path: "v1/peers" }],
    ["has a method of its own", { method: "PATCH" }],
    ["is of another format", { format: 2 }],
    ["smuggles a header in its token", { token: "x\r\nX-Arctic-Recovery: y" }],
    ["smuggles one in its path", { path: "/v1/peers HTTP/1.1\r\nX: y" }],
    ["reads with a body", { method: "GET" }],
  ])("is refused where it %s", async (_, change) => {
    expect(await ask({ format: 1, ...request, ...change })).toMatchObject({ status: 400 });
  });

  it("is answered with a problem where the answer would not fit a frame", async () => {
    expect(await ask({ format: 1, ...request }, "x".repeat(500_000))).toMatchObject({ status: 413 });
  });

  it("is not sent over a third link", async () => {
    await expect(relay(peerWith({}), FROM, { ...request, hops: 3 })).rejects.toMatchObject({
      code: "PEER_UNREACHABLE",
      message: expect.stringContaining("more than 2 links"),
    });
  });

  it("tells apart what was never sent, what may have been done, and what nobody understands", async () => {
    const sent = (outcome: object) => expect(relay(peerWith(outcome), FROM, request)).rejects;
    await sent({ type: "failed", wasSent: false }).toMatchObject({ status: 422, code: "PEER_UNREACHABLE" });
    const details = { idempotency_key: request.id };
    await sent({ type: "failed", wasSent: true }).toMatchObject({ status: 504, code: "OUTCOME_UNKNOWN", details });
    for (const body of ["", "[]", '{"status":"200"}', '{"status":200}'])
      await sent({ type: "answered", body }).toMatchObject({ code: "OUTCOME_UNKNOWN", details });
  });
});
