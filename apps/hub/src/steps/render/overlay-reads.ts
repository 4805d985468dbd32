import type { ApplicationSpec } from '#contract';
import type { Overlay } from '#domain';
import type { OverlayInputs } from '#ports';
import { Blocked } from '../assign/inputs.js';
import type { DeclaredSources, PinnedSource } from './declared-sources.js';
import { WHOLE } from './exported-paths.js';

/** What overlays are rendered from. */
export interface OverlayRequest {
  readonly spec: ApplicationSpec;
  readonly sources: DeclaredSources;
  /** A source as that overlay has it. @throws Blocked where it was not read yet. */
  readonly pin: (overlay: Overlay, source: string) => PinnedSource;
}

/** A source as an overlay has it; null: it was not read yet. */
export function pinnedOrNull({ pin }: OverlayRequest, overlay: Overlay, source: string): PinnedSource | null {
  try {
    return pin(overlay, source);
  } catch (error) {
    if (error instanceof Blocked) return null;
    throw error;
  }
}

/**
 * Pure: what an overlay probably reads, by sources: what it read before, or what its spec names. Bases are told by who reads them.
 * @param known absent: it was never rendered
 */
export function probableReads(
  { source, path, values = [] }: Overlay,
  known: OverlayInputs['reads'] | undefined,
): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>([[source, [...(known?.[source] ?? [path])]]]);
  for (const { source: other = source, path: file } of values) paths.set(other, [...(paths.get(other) ?? []), file]);
  return paths;
}

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
