import { describe, expect, it } from "vitest";
import { verifySignature } from "../../src/crypto/strict-ed25519.ts";
import { identityOf, NOW, recordOf, serviceBody, serviceIdOf } from "../support/fixtures.ts";
import { memberLink, refusalsOf } from "../support/member-link.ts";

const owner = identityOf("alice");
const service = (name: string) =>
  recordOf(owner, "service", serviceIdOf(name), { body: serviceBody(identityOf("bob").peerId) }, { at: NOW });

describe("the signatures in a frame", () => {
  const { bob, link } = memberLink();
  const [held, fresh, forged] = ["held", "new", "forged"].map(service);
  if (held === undefined || fresh === undefined || forged === undefined) throw new Error("records were made");
  link.push(held);
  const frame = (...records: unknown[]) => JSON.stringify({ type: "push", records });

  it("are those that the node will check: of records that are not held", () => {
    const checks = bob.node.registry.signaturesIn(frame(held, fresh));
    expect(checks).toHaveLength(1);
    for (const { publicKey, message, signature } of checks) {
      expect(publicKey).toEqual(owner.publicKey);
      expect(verifySignature(publicKey, message, signature)).toBe(true);
    }
  });
  it("are given for a forged record, too, and found wrong", () => {
    const [check] = bob.node.registry.signaturesIn(frame({ ...forged, version: forged.version + 1 }));
    expect(check).toBeDefined();
    if (check !== undefined) expect(verifySignature(check.publicKey, check.message, check.signature)).toBe(false);
  });
  it("are none in what is no frame, has no records, or holds none that has the shape of one", () => {
    for (const text of [
      "",
      "{",
      JSON.stringify({ type: "ping", nonce: "1" }),
      frame(1, null, {}, { ...fresh, key: "?" }),
    ])
      expect(bob.node.registry.signaturesIn(text)).toEqual([]);
  });
  it("are made once: a frame that was read ahead is heard as it stands, whatever became current in between", () => {
    const inner = memberLink();
    const names = Array.from({ length: 20 }, (_, index) => `ahead ${index}`);
    const frames = names.map((name) => frame(service(name)));
    for (const text of frames) expect(inner.bob.node.registry.signaturesIn(text)).toHaveLength(1);
    // One comes by another way first, in a frame of its own text.
    inner.link.push(service("ahead 3"), service("another"));
    for (const text of frames.toReversed()) inner.link.sayText(text);
    const held = inner.bob.node.registry.live("service").map(({ id }) => id);
    expect(held).toEqual([...names, "another"].map((name) => serviceIdOf(name)).sort());
    expect(refusalsOf(inner.bob)).toEqual([]);
    expect(inner.link.closedWith).toBeUndefined();
  });
  it("that are forged are refused as often as the frame is heard", () => {
    const inner = memberLink();
    const text = frame({ ...service("forged ahead"), version: 1024 * NOW + 5 });
    for (let times = 1; times <= 2; times += 1) {
      inner.bob.node.registry.signaturesIn(text);
      inner.link.sayText(text);
      expect(refusalsOf(inner.bob)).toHaveLength(times);
    }
    expect(inner.bob.node.registry.live("service")).toEqual([]);
  });
});
