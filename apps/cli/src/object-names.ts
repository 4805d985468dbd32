import { RejectedError } from '#kit';

/** `cluster eu-1 eu-2`, or `cluster/eu-1 app/web`: what a person points at. */
export interface Pointed {
  readonly kind: string;
  readonly names: readonly string[];
}

/** Reads the words after a verb. A release's name may hold a slash itself (`release web/3`, `release/web/3`). */
export function readPointed(kind: string, names: readonly string[]): Pointed {
  const slash = kind.indexOf('/');
  if (slash < 0) return { kind, names };
  const first = { kind: kind.slice(0, slash), name: kind.slice(slash + 1) };
  const others = names.map((name) => {
    if (name.startsWith(`${first.kind}/`)) return name.slice(first.kind.length + 1);
    throw new RejectedError('mixed-names', `"${name}" must be written as ${first.kind}/NAME, as "${kind}" before it.`);
  });
  if (first.name === '') throw new RejectedError('no-name', `"${kind}" lacks a name: write ${first.kind}/NAME.`);
  return { kind: first.kind, names: [first.name, ...others] };
}
