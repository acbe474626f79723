import { seal } from "../../../packages/core/src/crypto/signed.ts";
import { base64urlFromBytes } from "../../../packages/core/src/encoding/base64url.ts";
import type { JsonObject } from "../../../packages/core/src/encoding/json.ts";
import type { Identity } from "../../../packages/core/src/identity/identity.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, rfc3339FromMs } from "../../../packages/core/src/time.ts";
import { issueVoucher, type Voucher } from "../../../packages/core/src/trust/voucher.ts";
import { createTestCrypto } from "../../../packages/core/test/support/crypto.ts";
import { CUSTOMER, crypto, customerIdOf, identityOf, NOW } from "../../../packages/core/test/support/fixtures.ts";
import { twin } from "./license-cases.ts";

const signer = identityOf("signer");
const newcomer = identityOf("newcomer");
const other = identityOf("other");
const voucher = issueVoucher(createTestCrypto("voucher"), signer, newcomer, CUSTOMER, NOW);

export function voucherVectors() {
  return {
    description:
      "Vouchers, as one peer of this customer judges them at `now_ms` with the signer's key at hand. Refused ones have the code voucher_invalid.",
    now_ms: NOW,
    customer_id: CUSTOMER,
    signer_key: base64urlFromBytes(signer.publicKey),
    valid: [
      { name: "issued now for 24 hours", voucher },
      {
        name: "issued 5 minutes ahead of this clock",
        voucher: sealed({ issued_at: at(5 * MINUTE_MS), expires_at: at(HOUR_MS) }),
      },
      { name: "expired 5 minutes ago", voucher: sealed({ issued_at: at(-HOUR_MS), expires_at: at(-5 * MINUTE_MS) }) },
    ],
    refused: [
      {
        name: "issued more than 5 minutes ahead",
        voucher: sealed({ issued_at: at(5 * MINUTE_MS + 1), expires_at: at(HOUR_MS) }),
      },
      {
        name: "expired more than 5 minutes ago",
        voucher: sealed({ issued_at: at(-HOUR_MS), expires_at: at(-5 * MINUTE_MS - 1) }),
      },
      { name: "it lives longer than 24 hours", voucher: sealed({ expires_at: at(DAY_MS + 1) }) },
      { name: "another customer", voucher: sealed({ customer_id: customerIdOf("other") }) },
      { name: "the subject's id does not commit to its key", voucher: sealed({ peer_id: other.peerId }) },
      { name: "the key in its second spelling", voucher: sealed({ public_key: twin(voucher.public_key) }) },
      { name: "signed by another key", voucher: sealed({}, other) },
      { name: "no signature of anybody", voucher: { ...voucher, signature: "A".repeat(86) } },
      { name: "the signature in its second spelling", voucher: { ...voucher, signature: twin(voucher.signature) } },
      { name: "its end was moved", voucher: { ...voucher, expires_at: at(HOUR_MS) } },
      {
        name: "its subject was changed",
        voucher: { ...voucher, peer_id: other.peerId, public_key: base64urlFromBytes(other.publicKey) },
      },
      { name: "its signer was changed", voucher: { ...voucher, signer: other.peerId } },
      {
        name: "the signature is missing",
        voucher: Object.fromEntries(Object.entries(voucher).filter(([name]) => name !== "signature")),
      },
      { name: "a voucher id in lower case", voucher: sealed({ voucher_id: voucher.voucher_id.toLowerCase() }) },
    ],
  };
}

function sealed(changes: Record<string, string>, by: Identity = signer): Voucher {
  const { signature: _, ...unsigned } = voucher;
  return seal(crypto, "voucher", by.secretKey, { ...unsigned, ...changes } as JsonObject) as unknown as Voucher;
}

function at(offsetMs: number): string {
  return rfc3339FromMs(NOW + offsetMs);
}
