import {
  base64urlFromBytes,
  bytesFromBase64url,
  type Cidr,
  canonicalJson,
  checkLicense,
  checkRecordProof,
  checkRecordShape,
  isId,
  isInCidr,
  isSuccessor,
  kindTable,
  licenseHash,
  licenseStateAt,
  nobleCrypto,
  parseAddress,
  parseCidr,
  parseJson,
  peerIdFromKey,
  type SignedRecord,
  verifySignature,
} from "@arctic/core";
import { describe, expect, it } from "vitest";
import { isAcceptableKey } from "../../packages/core/src/crypto/strict-ed25519.ts";
import { doesIdCommitToKey } from "../../packages/core/src/identity/id.ts";
import { compareRecords } from "../../packages/core/src/registry/merge.ts";
import { contentHash } from "../../packages/core/src/registry/record.ts";
import { Registry } from "../../packages/core/src/registry/registry.ts";
import { checkGreeting, isTranscriptSignedBy, transcriptHash } from "../../packages/core/src/trust/handshake.ts";
import { checkVoucher } from "../../packages/core/src/trust/voucher.ts";
import { createTestCrypto } from "../../packages/core/test/support/crypto.ts";
import { bytesFromHex, hexFromBytes } from "../../packages/core/test/support/fixtures.ts";
import { readVectors, readVectorText } from "./support/files.ts";
import { makeVectors, textOf } from "./vectors.ts";

const providers = { noble: nobleCrypto, "node:crypto": createTestCrypto("conformance") };
const crypto = providers["node:crypto"];

describe("the vector files", () => {
  for (const [name, vectors] of Object.entries(makeVectors())) {
    it(`${name} is what the generator makes`, () => {
      expect(readVectorText(name)).toBe(textOf(vectors));
    });
  }
});

describe("signatures.json", () => {
  const { cases } = readVectors("signatures.json");
  for (const [provider, { verify, isTorsionFree }] of Object.entries(providers)) {
    it.each(cases)(`${provider} over core's rule: $name → $valid`, ({ public_key, message, signature, valid }) => {
      const judged = verifySignature(bytesFromHex(public_key), bytesFromHex(message), bytesFromHex(signature), {
        verify,
      });
      expect(judged).toBe(valid);
    });
    it.each(cases)(
      `${provider}: $name, the key may be taken up → $key_acceptable`,
      ({ public_key, key_acceptable }) => {
        const judged = isAcceptableKey(bytesFromHex(public_key), isTorsionFree === undefined ? {} : { isTorsionFree });
        expect(judged).toBe(key_acceptable);
      },
    );
  }
});

describe("base64url.json", () => {
  const { valid, refused } = readVectors("base64url.json");
  it.each(valid)("$bytes is $text", ({ bytes = "", text = "" }) => {
    expect(base64urlFromBytes(bytesFromHex(bytes))).toBe(text);
    expect(bytesFromBase64url(text)).toEqual(bytesFromHex(bytes));
  });
  it.each(refused)("$text is refused", ({ text }) => {
    expect(bytesFromBase64url(text)).toBeUndefined();
  });
});

describe("canonical-json.json", () => {
  const { valid, unsignable, refused } = readVectors("canonical-json.json");
  it.each(valid)("$name", ({ json, canonical }) => {
    expect(canonicalJson(parseJson(json))).toBe(canonical);
    expect(canonicalJson(parseJson(canonical))).toBe(canonical);
    expect(canonicalJson(parseJson(new TextEncoder().encode(json)))).toBe(canonical);
  });
  it.each(unsignable)("$name parses and cannot be signed", ({ json }) => {
    const value = parseJson(json);
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
  it.each(refused)("$name is refused: $reason", ({ bytes, reason }) => {
    expect(() => parseJson(bytesFromHex(bytes))).toThrow(SyntaxError);
    const said = COMPLAINT_BY_REASON[reason];
    if (said !== undefined) expect(() => parseJson(bytesFromHex(bytes))).toThrow(said);
  });
});

describe("cidrs.json", () => {
  const { valid, refused, matches, refused_addresses } = readVectors("cidrs.json");
  it.each(valid.map((text) => ({ text })))("$text is a network", ({ text }) => {
    expect(parseCidr(text)).toMatchObject({ prefix: Number(text.split("/")[1]) } satisfies Partial<Cidr>);
  });
  it.each(refused.map((text) => ({ text })))("$text is refused", ({ text }) => {
    expect(parseCidr(text)).toBeUndefined();
  });
  it.each(matches)("$address in $cidr: $matches", ({ cidr, address, matches: expected }) => {
    const [network, found] = [parseCidr(cidr), parseAddress(address)];
    expect(network !== undefined && found !== undefined && isInCidr(network, found)).toBe(expected);
  });
  it.each(refused_addresses.map((text) => ({ text })))("the address $text is refused", ({ text }) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe("ids.json", () => {
  const { valid, refused, peer_ids, committed } = readVectors("ids.json");
  it.each(valid)("$id is an id", ({ prefix, id }) => {
    expect(isId(prefix as "peer", id)).toBe(true);
  });
  it.each(refused)("refused: $name", ({ prefix, id }) => {
    expect(isId(prefix as "peer", id)).toBe(false);
  });
  it.each(peer_ids)("$public_key bears $id", ({ public_key, minted_at_ms, id }) => {
    expect(peerIdFromKey(crypto, bytesOf64(public_key), minted_at_ms)).toBe(id);
  });
  it.each(committed)("$name commits: $commits", ({ id, public_key, commits }) => {
    expect(doesIdCommitToKey(crypto, id, bytesOf64(public_key))).toBe(commits);
  });
});

describe("licenses.json", () => {
  const { roots, valid, refused, customer_limited, held, successors, states } = readVectors("licenses.json");
  it.each(valid)("$name is taken and has its hash", ({ document, hash }) => {
    const checked = checkLicense(crypto, roots, document);
    expect(checked).toEqual({ ok: true, value: document });
    expect(licenseHash(crypto, document)).toBe(hash);
  });
  it.each(refused)("$name → $code", ({ document, code }) => {
    expect(checkLicense(crypto, roots, document)).toMatchObject({ ok: false, rejection: { code } });
  });
  it.each(customer_limited)("$name → $code", ({ roots: limited, document, code }) => {
    const checked = checkLicense(crypto, limited, document);
    expect(checked.ok ? null : checked.rejection.code).toBe(code);
  });
  it.each(successors)("$name succeeds: $succeeds", ({ next, succeeds }) => {
    expect(isSuccessor(held, next)).toBe(succeeds);
  });
  it.each(states)("at $at_ms the license is $state", ({ at_ms, state }) => {
    expect(licenseStateAt(held, at_ms)).toBe(state);
  });
});

describe("records.json", () => {
  const { valid, refused, order, digests } = readVectors("records.json");
  for (const [provider, crypto] of Object.entries(providers)) {
    it.each(valid)(`${provider}: $name holds and has its hash`, ({ record, hash }) => {
      expect(checkRecordShape(record).ok).toBe(true);
      expect(checkRecordProof(crypto, record)).toEqual({ ok: true, value: record });
      expect(hexFromBytes(contentHash(crypto, record))).toBe(hash);
    });
    it.each(refused)(`${provider}: $name → $code`, ({ record, code }) => {
      const shaped = checkRecordShape(record);
      const judged = shaped.ok ? checkRecordProof(crypto, shaped.value) : shaped;
      expect(judged).toMatchObject({ ok: false, rejection: { code } });
    });
  }
  it.each(order)("$name is kept", ({ kept, beaten }) => {
    expect(compareRecords(hashedOf(kept), hashedOf(beaten))).toBe(1);
    expect(compareRecords(hashedOf(beaten), hashedOf(kept))).toBe(-1);
  });
  it.each(digests)("$name has these hashes, whatever came first", ({ records, hashes }) => {
    expect(hashesOf(records)).toEqual(hashes);
    expect(hashesOf(records.toReversed())).toEqual(hashes);
  });
});

describe("vouchers.json", () => {
  const { now_ms, customer_id, signer_key, valid, refused } = readVectors("vouchers.json");
  const judge = (voucher: unknown) => checkVoucher(crypto, voucher, bytesOf64(signer_key), customer_id, now_ms);
  it.each(valid)("$name is taken", ({ voucher }) => {
    expect(judge(voucher)).toEqual({ ok: true, value: voucher });
  });
  it.each(refused)("$name is refused", ({ voucher }) => {
    expect(judge(voucher)).toMatchObject({ ok: false, rejection: { code: "voucher_invalid" } });
  });
});

describe("handshakes.json", () => {
  const { hello, welcome, binding, transcript, signatures, refused, greetings } = readVectors("handshakes.json");
  const hash = transcriptHash(crypto, hello, welcome, bytesFromHex(binding));
  it("the transcript has its hash, and both signatures are over it", () => {
    expect(hexFromBytes(hash)).toBe(transcript);
    expect(isTranscriptSignedBy(crypto, hello, "initiator", hash, signatures.initiator)).toBe(true);
    expect(isTranscriptSignedBy(crypto, welcome, "responder", hash, signatures.responder)).toBe(true);
  });
  it.each(refused)("refused: $name", (shown) => {
    const seen = transcriptHash(crypto, shown.hello, shown.welcome, bytesFromHex(shown.binding));
    const signer = shown.role === "initiator" ? shown.hello : shown.welcome;
    expect(isTranscriptSignedBy(crypto, signer, shown.role, seen, shown.signature)).toBe(false);
  });
  it.each(greetings)("a greeting with $name → $code", ({ own, theirs, code }) => {
    const checked = checkGreeting(crypto, own, theirs, false);
    expect(checked.ok ? null : checked.rejection.code).toBe(code);
  });
});

/** What core's parser says for each reason; a `syntax` error is the runtime's own. */
const COMPLAINT_BY_REASON: Readonly<Record<string, string>> = {
  utf8: "not valid UTF-8",
  bom: "byte order mark",
  depth: "nested more than 16 deep",
  number: "not a safe integer in plain form",
  proto: "__proto__",
  surrogate: "lone surrogate",
  duplicate_key: "duplicate key",
};

function bytesOf64(text: string): Uint8Array {
  return bytesFromBase64url(text) ?? new Uint8Array();
}

function hashedOf(record: SignedRecord) {
  return { record, hash: contentHash(crypto, record) };
}

function hashesOf(records: readonly SignedRecord[]) {
  const registry = new Registry(crypto, kindTable());
  for (const record of records) registry.put(record, contentHash(crypto, record));
  return registry.hashes;
}
