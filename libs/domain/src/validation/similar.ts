/** Longer names are not compared. */
const MAX_LENGTH = 64;

/** The name that was probably meant, among those that there are; null: none is like it. */
export function similarOf(name: string, known: readonly string[]): string | null {
  if (name.length > MAX_LENGTH) return null;
  let best: string | null = null;
  let least = name.length > 4 ? 3 : 2;
  for (const each of known.slice(0, 500)) {
    if (each.toLowerCase() === name.toLowerCase()) return each;
    if (Math.abs(each.length - name.length) >= least) continue;
    const distance = distanceOf(name, each);
    if (distance < least) [best, least] = [each, distance];
  }
  return best;
}

/** How many letters are to be put in, taken out or changed. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
