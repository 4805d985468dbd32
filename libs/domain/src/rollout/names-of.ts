const MAX_NAMES = 5;

/** The first five names in order, and how many more there are. */
export function namesOf(named: readonly { readonly name: string }[]): string {
  return firstOf(named.map(({ name }) => name).sort(), named.length);
}

/** The first five of so many, as they come. */
export function firstOf(texts: readonly string[], count: number): string {
  const shown = texts.slice(0, MAX_NAMES);
  return count > shown.length ? `${shown.join(', ')} and ${count - shown.length} more` : shown.join(', ');
}
