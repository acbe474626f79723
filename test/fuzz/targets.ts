import {
  bytesFromBase64url,
  canonicalJson,
  checkLicense,
  checkRecordProof,
  checkRecordShape,
  isId,
  parseCidr,
  parseJson,
  recordKey,
  type Step,
} from "@arctic/core";
import { createFakeCrypto } from "../simulation/fake-crypto.ts";
import { createRandom, type Random } from "../simulation/random.ts";
import type { Corpus } from "./corpus.ts";
import { Pair } from "./pair.ts";

/** One way in. Throws an Error where what came in did what it must not. */
export type Target = (text: string, random: Random) => void;

const crypto = createFakeCrypto(createRandom(0));

export function targetsOf(corpus: Corpus): Readonly<Record<string, Target>> {
  const pair = new Pair(corpus);
  const hellos = corpus.frames.filter((frame) => frame.startsWith('{"type":"hello"'));
  const hashes = () => JSON.stringify(pair.target.registry.hashes);
  return {
    member: (text) => {
      const before = hashes();
      checkStep(pair.sayAsMember(text), before, hashes());
    },
    stranger: (text, random) => {
      const before = hashes();
      const step = pair.sayAsStranger(random.next() < 0.5 ? [text] : [random.pick(hellos) ?? "", text]);
      if (step !== undefined) checkStep(step, before, hashes());
    },
    json: checkJson,
    document: (text) => checkDocument(corpus, text),
    text: checkText,
  };
}

function checkStep({ rejection, effects }: Step, before: string, after: string): void {
  if (rejection !== undefined) checkRejection(rejection);
  if (rejection !== undefined && before !== after) throw new Error(`${rejection.code} changed the registry`);
  for (const effect of effects) {
    if (effect.type === "notify" && effect.notice.type === "refused") checkRejection(effect.notice.rejection);
    if (effect.type !== "persist") continue;
    for (const record of effect.records)
      if (!checkRecordProof(crypto, record).ok)
        throw new Error(`${recordKey(record)} was stored, and its owner did not sign it`);
  }
}

function checkRejection(rejection: {
  readonly fault: string;
  readonly changed: boolean;
  readonly message: string;
}): void {
  const isWhole =
    ["sender", "nobody", "us"].includes(rejection.fault) && rejection.message !== "" && !rejection.changed;
  if (!isWhole) throw new Error("a refusal does not say who is at fault, or that it changed nothing");
}

/** What was read can be signed, or is refused with a word; and it says the same when it is read again. */
function checkJson(text: string): void {
  const value = quietly(() => parseJson(text), SyntaxError);
  const signed = value === undefined ? undefined : quietly(() => canonicalJson(value), TypeError);
  if (signed !== undefined && canonicalJson(parseJson(signed)) !== signed)
    throw new Error("it reads differently twice");
}

function checkDocument(corpus: Corpus, text: string): void {
  const { roots, license } = corpus.world.authority;
  const value = quietly(() => parseJson(text), SyntaxError);
  if (value === undefined) return;
  const licensed = checkLicense(crypto, roots, value);
  if (!licensed.ok) checkRejection(licensed.rejection);
  else if (canonicalJson(value) !== canonicalJson(license)) throw new Error("a license was taken that nobody signed");
  const shaped = checkRecordShape(value);
  const proof = shaped.ok ? checkRecordProof(crypto, shaped.value) : shaped;
  if (!proof.ok) checkRejection(proof.rejection);
}

/** The small forms: what is taken has one spelling. */
function checkText(text: string): void {
  const short = text.slice(0, 80);
  const cidr = parseCidr(short);
  if (cidr !== undefined && parseCidr(short.toUpperCase()) !== undefined && short !== short.toUpperCase())
    throw new Error("a network has two spellings");
  const bytes = bytesFromBase64url(short);
  if (bytes !== undefined && Buffer.from(bytes).toString("base64url") !== short)
    throw new Error("bytes have two spellings");
  if (isId("peer", short) && short !== `peer_${short.slice(5).toUpperCase()}`)
    throw new Error("an id has two spellings");
}

function quietly<T>(work: () => T, allowed: new (text: string) => Error): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof allowed) return undefined;
    throw error;
  }
}
