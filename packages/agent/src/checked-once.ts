import type { NodeCrypto, SignatureCheck } from "@arctic/core";

/** The latest so many right signatures, and acceptable keys, are remembered; some 100 bytes each. */
const REMEMBERED = 8192;

/**
 * A provider that several peers of one process share: what one of them found right is right for all. Remembered is the
 * SHA-256 of the whole question (key, signature and message, in the sizes that core lets through), and right answers
 * alone, so that nobody can fill the memory with wrong ones.
 */
export function checkedOnce(crypto: NodeCrypto): NodeCrypto {
  const right = new Remembered();
  const torsionFree = new Remembered();
  const underway = new Map<string, Promise<void>>();
  // A message that is checked ahead comes again as the same object; nobody changes its bytes, or the key's and signature's.
  const namedByMessage = new WeakMap<Uint8Array, { readonly check: SignatureCheck; readonly name: string }>();
  const nameOf = (check: SignatureCheck) => {
    const { publicKey, signature, message } = check;
    const named = namedByMessage.get(message);
    if (named !== undefined && isSame(named.check.signature, signature) && isSame(named.check.publicKey, publicKey))
      return named.name;
    const question = new Uint8Array(96 + message.length);
    question.set(publicKey);
    question.set(signature, 32);
    question.set(message, 96);
    const name = textFrom(crypto.sha256(question));
    namedByMessage.set(message, { check, name });
    return name;
  };

  return {
    ...crypto,
    verify(publicKey, message, signature) {
      const name = nameOf({ publicKey, message, signature });
      if (right.has(name)) return true;
      const isRight = crypto.verify(publicKey, message, signature);
      if (isRight) right.add(name);
      return isRight;
    },
    async verifyAhead(checks, maxWrong) {
      const named = checks.map((check) => ({ check, name: nameOf(check) })).filter(({ name }) => !right.has(name));
      const others = named.flatMap(({ name }) => underway.get(name) ?? []);
      const fresh = named.filter(({ name }) => !underway.has(name));
      const done = crypto.verifyAhead(
        fresh.map(({ check }) => check),
        maxWrong,
      );
      for (const { name } of fresh) underway.set(name, done);
      try {
        await Promise.all([done, ...others]);
      } finally {
        for (const { name } of fresh) underway.delete(name);
      }
    },
    isTorsionFree(publicKey) {
      const name = textFrom(publicKey);
      if (torsionFree.has(name)) return true;
      const isFree = crypto.isTorsionFree?.(publicKey) ?? false;
      if (isFree) torsionFree.add(name);
      return isFree;
    },
  };
}

/** A set of texts whose oldest give way. */
class Remembered {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  add(text: string): void {
    for (const oldest of this.#texts) {
      if (this.#texts.size < REMEMBERED) break;
      this.#texts.delete(oldest);
    }
    this.#texts.add(text);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}

function textFrom(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
