import type { NodeCrypto } from "@arctic/core";
import { expect, it } from "vitest";
import { checkedOnce } from "../../src/checked-once.ts";
import { crypto } from "../helpers/records.ts";

/** A shared provider, and how often the one behind it was asked. */
function counted() {
  const asked = { verify: 0, verifyAhead: 0, isTorsionFree: 0, sha256: 0 };
  const inner: NodeCrypto = {
    ...crypto,
    sha256(bytes) {
      asked.sha256 += 1;
      return crypto.sha256(bytes);
    },
    verify(...question) {
      asked.verify += 1;
      return crypto.verify(...question);
    },
    async verifyAhead(checks) {
      asked.verifyAhead += checks.length;
    },
    isTorsionFree(key) {
      asked.isTorsionFree += 1;
      return key[0] !== 0;
    },
  };
  return { asked, shared: checkedOnce(inner) };
}

const secretKey = crypto.randomBytes(32);
const publicKey = crypto.publicKeyOf(secretKey);
const message = crypto.randomBytes(100);
const signature = crypto.sign(secretKey, message);

it("a signature that was found right is checked once, whoever asks", async () => {
  const { asked, shared } = counted();
  for (let times = 0; times < 3; times += 1) expect(shared.verify(publicKey, message, signature)).toBe(true);
  await shared.verifyAhead([{ publicKey, message, signature }]);
  expect(asked).toMatchObject({ verify: 1, verifyAhead: 0 });
});

it.each(["key", "message", "signature"])("one bit of another %s is another question", (part) => {
  const { shared } = counted();
  expect(shared.verify(publicKey, message, signature)).toBe(true);
  const changed = (bytes: Uint8Array, isIt: boolean) =>
    isIt ? bytes.map((byte, at) => (at === 7 ? byte ^ 1 : byte)) : bytes;
  const question = [
    changed(publicKey, part === "key"),
    changed(message, part === "message"),
    changed(signature, part === "signature"),
  ] as const;
  expect(shared.verify(...question)).toBe(false);
});

it("a message that comes again as the same object is named once, whatever objects its key and signature are", async () => {
  const { asked, shared } = counted();
  const again = crypto.randomBytes(100);
  const right = crypto.sign(secretKey, again);
  await shared.verifyAhead([{ publicKey, message: again, signature: right }]);
  expect(shared.verify(publicKey.slice(), again, right.slice())).toBe(true);
  expect(asked).toMatchObject({ sha256: 1, verify: 1 });
});

it.each(["key", "signature"])(
  "the same message object with another %s is not taken for the one checked",
  async (part) => {
    const { asked, shared } = counted();
    const asBefore = { publicKey, message, signature };
    const other =
      part === "key"
        ? { publicKey: crypto.publicKeyOf(crypto.randomBytes(32)) }
        : { signature: signature.with(7, ~(signature[7] ?? 0)) };
    const changed = { ...asBefore, ...other };
    expect(shared.verify(publicKey, message, signature)).toBe(true);
    await shared.verifyAhead([changed, asBefore]);
    expect(asked.verifyAhead).toBe(1);
    expect(shared.verify(changed.publicKey, message, changed.signature)).toBe(false);
    expect(shared.verify(publicKey, message, signature)).toBe(true);
    expect(asked.verify).toBe(2);
  },
);

it("what was found wrong is not remembered", () => {
  const { asked, shared } = counted();
  for (let times = 0; times < 3; times += 1) expect(shared.verify(publicKey, message, new Uint8Array(64))).toBe(false);
  expect(asked.verify).toBe(3);
});

it("two who ask ahead at once have a signature checked once", async () => {
  const { asked, shared } = counted();
  const check = { publicKey, message, signature };
  await Promise.all([shared.verifyAhead([check]), shared.verifyAhead([check])]);
  expect(asked.verifyAhead).toBe(1);
});

it("what could not be checked ahead is checked by who asks next", async () => {
  let isBroken = true;
  const shared = checkedOnce({
    ...crypto,
    async verifyAhead(checks) {
      if (isBroken) throw new Error("the pool is gone");
      expect(checks).toHaveLength(1);
    },
  });
  const check = { publicKey, message, signature };
  await expect(shared.verifyAhead([check])).rejects.toThrow("the pool is gone");
  isBroken = false;
  await shared.verifyAhead([check]);
  expect.assertions(2);
});

it("a key without torsion is looked at once, another one every time", () => {
  const { asked, shared } = counted();
  const torsion = new Uint8Array(32);
  for (let times = 0; times < 2; times += 1) {
    expect(shared.isTorsionFree?.(publicKey.with(0, 1))).toBe(true);
    expect(shared.isTorsionFree?.(torsion)).toBe(false);
  }
  expect(asked.isTorsionFree).toBe(3);
});
