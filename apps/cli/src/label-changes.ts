import { RejectedError } from '#kit';

export interface LabelChanges {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** `env=prod` sets, `env-` takes away. @throws RejectedError that names the word. */
export function readLabelChanges(words: readonly string[]): LabelChanges {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0) set[word.slice(0, equals)] = word.slice(equals + 1);
    else if (equals < 0 && word.length > 1 && word.endsWith('-')) remove.push(word.slice(0, -1));
    else
      throw new RejectedError('bad-label', `"${word}" is no label: write key=value to set one, key- to take it away.`);
  }
  const both = remove.find((key) => Object.hasOwn(set, key));
  if (both === undefined) return { set, remove };
  throw new RejectedError('bad-label', `"${both}" is both set and taken away: give one of the two.`);
}

export function applyLabelChanges(
  labels: Readonly<Record<string, string>>,
  { set, remove }: LabelChanges,
): Record<string, string> {
  const kept = Object.entries(labels).filter(([key]) => !remove.includes(key));
  return { ...Object.fromEntries(kept), ...set };
}
