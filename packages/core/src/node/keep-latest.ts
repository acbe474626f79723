/** Takes the oldest out of a map or a set until it holds no more than so many. */
export function keepLatest<K>(held: Pick<Map<K, unknown>, "keys" | "delete" | "size">, most: number): void {
  for (const oldest of held.keys()) {
    if (held.size <= most) return;
    held.delete(oldest);
  }
}
