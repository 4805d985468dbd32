/** The first `1.2.3`, `v1.2` or the like in what a program prints of itself, or undefined. */
export function readVersion(text: string): string | undefined {
  const found = /(?:^|[^\d.])v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/m.exec(text);
  return found === null ? undefined : `${found[1]}.${found[2]}.${found[3] ?? '0'}`;
}

/** Whether `version` is `minimum` or newer; both as readVersion answers them. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((each) => each.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
