/** Items by what `keyOf` says of them, in the order of first appearance. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const itemsByKey = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = itemsByKey.get(key);
    if (group === undefined) itemsByKey.set(key, [item]);
    else group.push(item);
  }
  return itemsByKey;
}
