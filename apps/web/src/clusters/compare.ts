import type { ClusterApplicationView } from '#contract';

/** A label or a fact of two clusters. */
export interface ComparedField {
  readonly key: string;
  readonly a: string | undefined;
  readonly b: string | undefined;
  readonly isSame: boolean;
}

type Texts = Readonly<Record<string, string>>;

/** What differs first, each part in the order of the alphabet. */
export function compareFields(a: Texts, b: Texts): ComparedField[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .map((key) => ({ key, a: a[key], b: b[key], isSame: a[key] === b[key] }))
    .sort((one, other) => Number(one.isSame) - Number(other.isSame));
}

export interface ComparedApplication {
  readonly application: string;
  readonly a: ClusterApplicationView | undefined;
  readonly b: ClusterApplicationView | undefined;
  /** In what they differ; empty: in nothing. */
  readonly differs: readonly ('presence' | 'release' | 'bundle' | 'health' | 'sync')[];
  /** The digests of both where they are not one. */
  readonly bundles?: { readonly from: string; readonly to: string };
}

/** Those that differ first. One that was withdrawn runs as little as one that never came. */
export function compareApplications(
  a: readonly ClusterApplicationView[],
  b: readonly ClusterApplicationView[],
): ComparedApplication[] {
  const [ofA, ofB] = [runningByName(a), runningByName(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .sort()
    .map((name) => compared(name, ofA.get(name), ofB.get(name)))
    .sort((one, other) => Number(one.differs.length === 0) - Number(other.differs.length === 0));
}

function compared(
  application: string,
  a: ClusterApplicationView | undefined,
  b: ClusterApplicationView | undefined,
): ComparedApplication {
  if (!a || !b) return { application, a, b, differs: ['presence'] };
  const isOther = a.digest !== b.digest && a.digest !== '' && b.digest !== '';
  return {
    application,
    a,
    b,
    differs: [
      ...(a.release === b.release ? [] : (['release'] as const)),
      ...(a.digest === b.digest ? [] : (['bundle'] as const)),
      ...(a.health === b.health ? [] : (['health'] as const)),
      ...(a.sync === b.sync ? [] : (['sync'] as const)),
    ],
    ...(isOther && { bundles: { from: a.digest, to: b.digest } }),
  };
}

function runningByName(all: readonly ClusterApplicationView[]): Map<string, ClusterApplicationView> {
  return new Map(all.filter(({ release }) => release !== null).map((each) => [each.application, each]));
}
