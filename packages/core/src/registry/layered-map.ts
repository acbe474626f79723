/**
 * A map over a base that others share and nobody changes: what is set or deleted here is kept here. Without a base it
 * is a plain map. Iterates what is only in the base first.
 */
export class LayeredMap<K, V> {
  readonly #base: ReadonlyMap<K, V> | undefined;
  readonly #own = new Map<K, V>();
  /** Keys of the base that are deleted or set anew here. */
  readonly #hidden = new Set<K>();

  constructor(base?: ReadonlyMap<K, V>) {
    this.#base = base;
  }

  get size(): number {
    return this.#own.size + (this.#base?.size ?? 0) - this.#hidden.size;
  }

  get(key: K): V | undefined {
    const own = this.#own.get(key);
    return own !== undefined || this.#base === undefined || this.#hidden.has(key) ? own : this.#base.get(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    if (this.#base?.has(key)) this.#hidden.add(key);
    this.#own.set(key, value);
  }

  delete(key: K): boolean {
    const isInBase = this.#base?.has(key) === true && !this.#hidden.has(key);
    if (isInBase) this.#hidden.add(key);
    return this.#own.delete(key) || isInBase;
  }

  *keys(): Generator<K> {
    for (const [key] of this) yield key;
  }

  *values(): Generator<V> {
    for (const [, value] of this) yield value;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    if (this.#base !== undefined) for (const entry of this.#base) if (!this.#hidden.has(entry[0])) yield entry;
    yield* this.#own;
  }

  /** Everything in one plain map, to be shared as a base. */
  flattened(): Map<K, V> {
    return new Map(this);
  }
}
