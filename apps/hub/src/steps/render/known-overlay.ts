import type { Overlay } from '#domain';
import type { OverlayInputs, StoredRelease } from '#ports';
import { pinnedOrNull, type OverlayRequest } from './overlay-reads.js';

/** One overlay, rendered and stored. */
export interface RenderedOverlay {
  readonly digest: string;
  readonly objects: number;
  readonly bytes: number;
  readonly tool: string;
}

/** An overlay that was rendered before, and what of. */
export interface KnownOverlay {
  readonly rendered: RenderedOverlay;
  readonly inputs: OverlayInputs;
  /** At which revisions its sources were, as far as it is known. */
  readonly revisions: Readonly<Record<string, string | undefined>>;
}

/** What a release tells of an overlay that it has. */
export function ofRelease(release: StoredRelease | null, name: string, { environment }: Overlay): KnownOverlay | null {
  const [rendered, inputs] = [release?.overlays[name], release?.details?.inputs?.[name]];
  if (!release?.details || !rendered || !inputs) return null;
  const { sources, environments = {} } = release.details;
  const own = environment === undefined ? undefined : environments[environment];
  const at = (source: string): string | undefined => (own?.source === source ? own : sources[source])?.revision;
  return { rendered, inputs, revisions: Object.fromEntries(Object.keys(inputs.reads).map((each) => [each, at(each)])) };
}

/** At which revisions the sources are now that it was read from. */
export function revisionsOf(
  request: OverlayRequest,
  overlay: Overlay,
  { inputs }: Pick<KnownOverlay, 'inputs'>,
): KnownOverlay['revisions'] {
  const at = (source: string): string | undefined => pinnedOrNull(request, overlay, source)?.revision;
  return Object.fromEntries(Object.keys(inputs.reads).map((source) => [source, at(source)]));
}

/** Whether all of them are known, and the same. */
export function isSame(a: KnownOverlay['revisions'], b: KnownOverlay['revisions']): boolean {
  return Object.entries(a).every(([source, revision]) => revision !== undefined && b[source] === revision);
}
