import type { ApplicationSpec } from '#contract';
import type { Overlay } from '#domain';
import type { OverlayInputs } from '#ports';
import type { DeclaredSources, PinnedSource } from './declared-sources.js';

/** What overlays are rendered from. */
export interface OverlayRequest {
  readonly spec: ApplicationSpec;
  readonly sources: DeclaredSources;
  /** A source as that overlay has it. @throws Blocked where it was not read yet. */
  readonly pin: (overlay: Overlay, source: string) => PinnedSource;
}

/** What of a chart was read is of no account: it is published as a whole. */
const WHOLE = '.';

/** Pure: where an overlay was read from, by sources. Files of values are named here, also those that were not there. */
export function readsOf(
  { source, values = [] }: Overlay,
  read: readonly string[],
  bases: ReadonlySet<string>,
): OverlayInputs['reads'] {
  const paths = new Map<string, Set<string>>([[source, new Set(read)]]);
  const add = (name: string, path: string): void => {
    paths.set(name, (paths.get(name) ?? new Set<string>()).add(path));
  };
  for (const { source: other = source, path } of values) add(other, path);
  for (const base of bases) add(base, WHOLE);
  return Object.fromEntries(
    [...paths]
      .map(([name, all]): [string, readonly string[]] => [name, all.has(WHOLE) ? [WHOLE] : [...all].sort()])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
