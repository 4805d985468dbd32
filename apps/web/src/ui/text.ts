/** `1 cluster`, `12,000 clusters`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${count === 1 ? noun : `${noun}s`}`;
}

/** `12,000`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-GB');
}

/** A commit as people read it. */
export function shortRevision(revision: string | undefined): string {
  return revision?.slice(0, 8) ?? '';
}

/** A bundle's digest as people tell it from another. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** Names, and how many there are beyond them. */
export function namesText(names: readonly string[], total = names.length): string {
  const more = total - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${grouped(more)} more` : ''}`;
}

/** `820 B`, `1.4 KiB`, `12 MiB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
