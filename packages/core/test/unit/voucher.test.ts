import { describe, expect, it } from "vitest";
import { voucherVectors } from "../../../../test/conformance/support/voucher-cases.ts";
import { nobleCrypto } from "../../src/crypto/noble-crypto.ts";
import { seal } from "../../src/crypto/signed.ts";
import { DAY_MS, MINUTE_MS } from "../../src/time.ts";
import { checkVoucher, issueVoucher } from "../../src/trust/voucher.ts";
import { createTestCrypto } from "../support/crypto.ts";
import { CUSTOMER, crypto, identityOf, NOW } from "../support/fixtures.ts";

const [signer, newcomer] = [identityOf("signer"), identityOf("newcomer")];
const voucher = issueVoucher(createTestCrypto("voucher"), signer, newcomer, CUSTOMER, NOW);
const isTaken = (value: unknown, now = NOW, provider = crypto) =>
  checkVoucher(provider, value, signer.publicKey, CUSTOMER, now).ok;

describe("a voucher", () => {
  it("is a signer's word for one key of one customer, for 24 hours", () => {
    expect(voucher).toMatchObject({ peer_id: newcomer.peerId, signer: signer.peerId, customer_id: CUSTOMER });
    expect(Date.parse(voucher.expires_at) - Date.parse(voucher.issued_at)).toBe(DAY_MS);
    expect(isTaken(voucher)).toBe(true);
    expect(isTaken(voucher, NOW, nobleCrypto)).toBe(true);
  });
  it("is good from five minutes before until five minutes after its time", () => {
    expect(isTaken(voucher, NOW - 5 * MINUTE_MS)).toBe(true);
    expect(isTaken(voucher, NOW - 5 * MINUTE_MS - 1)).toBe(false);
    expect(isTaken(voucher, NOW + DAY_MS + 5 * MINUTE_MS)).toBe(true);
    expect(isTaken(voucher, NOW + DAY_MS + 5 * MINUTE_MS + 1)).toBe(false);
  });
  it.each(voucherVectors().refused)("is refused: $name", ({ voucher: refused }) => {
    expect(checkVoucher(crypto, refused, signer.publicKey, CUSTOMER, NOW)).toMatchObject({
      ok: false,
      rejection: { code: "voucher_invalid" },
    });
  });
  it("keeps unknown fields under the signature", () => {
    const { signature: _, ...unsigned } = voucher;
    const extended = seal(crypto, "voucher", signer.secretKey, { ...unsigned, note: "later" });
    expect(isTaken(extended)).toBe(true);
    expect(isTaken({ ...extended, note: "changed" })).toBe(false);
  });
  it("with an unknown field that cannot be signed is refused, and nothing is thrown", () => {
    expect(isTaken({ ...voucher, half: 0.5 })).toBe(false);
  });
});
