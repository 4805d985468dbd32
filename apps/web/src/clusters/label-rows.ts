/** A label while somebody writes it. */
export interface LabelRow {
  readonly id: number;
  readonly key: string;
  readonly value: string;
}

const KEY = /^([a-z0-9]([-.a-z0-9]*[a-z0-9])?\/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?$/;

type Labels = Readonly<Record<string, string>>;

export function labelRows(labels: Labels): LabelRow[] {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value], id) => ({ id, key, value }));
}

/** What is wrong with each row, by its id, and the mend; the hub says the same, later. */
export function labelProblems(rows: readonly LabelRow[]): ReadonlyMap<number, string> {
  const problems = new Map<number, string>();
  const seen = new Set<string>();
  for (const { id, key, value } of rows) {
    if (key === '' && value === '') continue;
    if (key === '') problems.set(id, 'Give it a key');
    else if (key.startsWith('fact.')) problems.set(id, 'Keys that begin with "fact." are the agent’s: choose another');
    else if (!KEY.test(key))
      problems.set(id, 'A key has letters, digits, - _ and ., and may have a prefix such as example.com/');
    else if (seen.has(key)) problems.set(id, `"${key}" is there twice: take one away`);
    else if (value.length > 63) problems.set(id, 'A value has at most 63 characters');
    else if (!VALUE.test(value))
      problems.set(id, 'A value has letters, digits, - _ and ., and begins and ends with a letter or digit');
    seen.add(key);
  }
  return problems;
}

/** Rows that nobody wrote into are none. */
export function labelsOf(rows: readonly LabelRow[]): Record<string, string> {
  return Object.fromEntries(rows.filter(({ key }) => key !== '').map(({ key, value }) => [key, value]));
}

/** What saving them does, a sentence each; empty: nothing. */
export function labelChanges(before: Labels, after: Labels): string[] {
  const text = (key: string, value: string): string => (value === '' ? key : `${key}=${value}`);
  const set = Object.entries(after)
    .filter(([key, value]) => before[key] !== value)
    .map(([key, value]) =>
      Object.hasOwn(before, key)
        ? `changes ${text(key, before[key] ?? '')} to ${text(key, value)}`
        : `adds ${text(key, value)}`,
    );
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return [...set, ...gone.map((key) => `takes ${text(key, before[key] ?? '')} away`)].sort();
}
