import { base64urlFromBytes, bytesFromBase64url } from "../../../packages/core/src/encoding/base64url.ts";
import { canonicalJson } from "../../../packages/core/src/encoding/canonical-json.ts";
import { parseAddress, parseCidr } from "../../../packages/core/src/encoding/cidr.ts";
import { isJsonObject, type JsonValue } from "../../../packages/core/src/encoding/json.ts";
import { parseJson } from "../../../packages/core/src/encoding/parse-json.ts";
import { decodeMessage } from "../../../packages/core/src/gossip/message.ts";
import { isId, type PeerId } from "../../../packages/core/src/identity/id.ts";
import { kindTable } from "../../../packages/core/src/kinds/kinds.ts";
import { checkLicense } from "../../../packages/core/src/license/license.ts";
import { checkRecordShape, type SignedRecord } from "../../../packages/core/src/registry/record.ts";
import { Sketch } from "../../../packages/core/src/registry/sketch.ts";
import { msFromRfc3339 } from "../../../packages/core/src/time.ts";
import { membershipFrom } from "../../../packages/core/src/trust/membership.ts";
import { createTestCrypto } from "../../../packages/core/test/support/crypto.ts";
import { bytesOf, crypto, hexFromBytes, identityOf } from "../../../packages/core/test/support/fixtures.ts";
import { readVectors } from "./files.ts";
import { judge } from "./receiver.ts";

const kinds = kindTable();

/** Draws from a stream that the seed names. */
class Dice {
  readonly #crypto: ReturnType<typeof createTestCrypto>;

  constructor(seed: string) {
    this.#crypto = createTestCrypto(`random cases ${seed}`);
  }

  below(count: number): number {
    const [a = 0, b = 0, c = 0] = this.#crypto.randomBytes(3);
    return ((a << 16) | (b << 8) | c) % count;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  times<T>(count: number, make: () => T): T[] {
    return Array.from({ length: count }, make);
  }
}

/** Cases that nobody thought of, with what core says of them: for another implementation to say the same. */
export function randomVectors(seed: string, count: number) {
  const dice = new Dice(seed);
  return {
    description: `Random cases of the seed ${seed}, and what core says of them.`,
    json: dice.times(count, () => jsonCase(mutated(dice, dice.pick(jsonTexts())))),
    frames: dice.times(count, () => frameCase(mutated(dice, dice.pick(frameTexts())))),
    texts: dice.times(count, () => textCase(mutated(dice, dice.pick(plainTexts())))),
    shapes: dice.times(count, () => shapeCase(mutated(dice, dice.pick(recordTexts())))),
    bodies: dice.times(count, () => bodyCase(dice)),
    licenses: dice.times(Math.ceil(count / 2), () => licenseCase(mutated(dice, dice.pick(licenseTexts())))),
    memberships: dice.times(Math.ceil(count / 4), () => membershipCase(dice)),
    sketches: dice.times(Math.ceil(count / 8), () => sketchCase(dice)),
    intake: dice.times(Math.ceil(count / 8), () => intakeCase(dice)),
  };
}

const SPICE = [
  ..."{}[]:,\"'\\/ \n\t0123456789abcdefuxzA-+.eE_!|:\u0000\u007f\u00e9\u2028\ufeff",
  "\\u0000",
  "\\ud800",
  "\\ude00",
  "\u{1f600}",
  "null",
  "true",
  "1e3",
  "-0",
  "__proto__",
  '"a":1,',
  "::",
  "Z",
];

/** One to three small changes. */
function mutated(dice: Dice, text: string): string {
  let chars = [...text];
  for (let left = 1 + dice.below(3); left > 0; left -= 1) {
    const at = dice.below(chars.length + 1);
    const length = dice.below(4);
    const [before, middle, after] = [chars.slice(0, at), chars.slice(at, at + length), chars.slice(at + length)];
    const there = dice.pick([[], [dice.pick(SPICE)], middle.toReversed(), [...middle, ...middle]]);
    chars = [...before, ...there, ...after];
  }
  return chars.join("");
}

function jsonTexts(): string[] {
  const { valid, unsignable } = readVectors("canonical-json.json");
  return [...valid, ...unsignable].map(({ json }) => json);
}

function frameTexts(): string[] {
  return readVectors("messages.json").messages.map((message) => JSON.stringify(message));
}

function recordTexts(): string[] {
  return readVectors("records.json").valid.map(({ record }) => JSON.stringify(record));
}

function plainTexts(): string[] {
  return [
    ...readVectors("times.json").valid.map(({ text }) => text),
    ...readVectors("cidrs.json").valid,
    ...readVectors("base64url.json").valid.map(({ text = "" }) => text),
    ...readVectors("ids.json").valid.map(({ id }) => id),
    "192.0.2.1",
    "2001:db8::1",
  ];
}

function jsonCase(text: string) {
  const value = valueIn(text);
  const bytes = hexFromBytes(new TextEncoder().encode(text));
  if (value === undefined) return { bytes, outcome: "refused", canonical: null };
  try {
    return { bytes, outcome: "signable", canonical: canonicalJson(value) };
  } catch {
    return { bytes, outcome: "unsignable", canonical: null };
  }
}

function valueIn(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function frameCase(text: string) {
  const decoded = decodeMessage(text);
  return { text, code: decoded.ok ? null : decoded.rejection.code };
}

function textCase(text: string) {
  const bytes = bytesFromBase64url(text);
  return {
    text,
    at_ms: msFromRfc3339(text) ?? null,
    is_cidr: parseCidr(text) !== undefined,
    is_address: parseAddress(text) !== undefined,
    is_peer_id: isId("peer", text),
    bytes: bytes === undefined ? null : hexFromBytes(bytes),
  };
}

function shapeCase(text: string) {
  const value = valueIn(text);
  return { text, has_shape: value !== undefined && checkRecordShape(value).ok };
}

function bodyCase(dice: Dice) {
  const { complete } = readVectors("kinds.json");
  const kind = dice.pick(Object.keys(complete));
  const text = mutated(dice, JSON.stringify(complete[kind]));
  const value = valueIn(text);
  const understood = isJsonObject(value) && kinds.get(kind)?.checkBody(value, identityOf("alice").peerId) === undefined;
  return { kind, text, understood };
}

function licenseCase(text: string) {
  const { roots } = readVectors("licenses.json");
  const checked = checkLicense(crypto, roots, valueIn(text));
  return { text, code: checked.ok ? null : checked.rejection.code };
}

function licenseTexts(): string[] {
  return readVectors("licenses.json").valid.map(({ document }) => JSON.stringify(document));
}

function membershipCase(dice: Dice) {
  const ids = "abcdefgh".split("").map((name) => identityOf(name).peerId);
  const [self] = ids as [PeerId];
  const pairs = (most: number) => dice.times(dice.below(most), () => [dice.pick(ids), dice.pick(ids)] as const);
  const [admissions, revocations] = [pairs(14), pairs(5)];
  const left = dice.times(dice.below(3), () => dice.pick(ids));
  const membership = membershipFrom({
    self,
    admissions: admissions.map(([introducer, newcomer]) => ({ introducer, newcomer })),
    revocations: revocations.map(([revoker, revoked]) => ({ revoker, revoked })),
    left,
  });
  return { self, admissions, revocations, left, standings: ids.map((id) => [id, membership.standingOf(id) ?? null]) };
}

function sketchCase(dice: Dice) {
  const hashes = (label: string, most: number) =>
    dice.times(dice.below(most), () => bytesOf(`${label} ${dice.below(1_000_000)}`));
  const both = hashes("both", 40);
  const [own, theirs] = [
    [...both, ...hashes("own", 14)],
    [...both, ...hashes("theirs", 14)],
  ];
  const cells = sketchOf(theirs).bytes();
  // Now and then the other side lies.
  if (dice.below(4) === 0) cells[dice.below(cells.length)] = dice.below(256);
  const found = sketchOf(own).differenceFrom(cells);
  return {
    own: own.map(hexFromBytes),
    cells: base64urlFromBytes(cells),
    difference: found === undefined ? null : [[...found.onlyHere].sort(), [...found.onlyThere].sort()],
  };
}

function sketchOf(hashes: readonly Uint8Array[]): Sketch {
  const sketch = new Sketch();
  for (const hash of hashes) sketch.toggle(hash, 1);
  return sketch;
}

/** Frames of records that the vectors hold, whole or with one member of another. */
function intakeCase(dice: Dice) {
  const { held, single, frames } = readVectors("intake.json");
  const pool = [...held, ...single.map(({ record }) => record), ...frames.flatMap(({ records }) => records)];
  const records = dice.times(1 + dice.below(8), () => {
    const record = dice.pick(pool);
    const other = dice.pick(pool);
    if (dice.below(5) > 0 || typeof record !== "object" || typeof other !== "object") return record;
    const field = dice.pick(["kind", "id", "owner", "key", "version", "signature"] as const);
    return { ...(record as SignedRecord), [field]: (other as SignedRecord)[field] };
  });
  return { records, ...judge(held, records) };
}
