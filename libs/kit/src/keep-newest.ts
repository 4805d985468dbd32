/** Puts a value into a map that holds so many at most; what was put there the longest ago goes first. */
export function keepNewest<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  // Anew, so that it counts as the newest.
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  map.delete(oldest as K);
}
