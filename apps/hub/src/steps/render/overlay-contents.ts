import { Injectable } from '@nestjs/common';
import { digestOf, type Overlay } from '#domain';
import type { OverlayInputs } from '#ports';
import type { OverlayRequest } from './overlay-reads.js';
import { TreeIds } from './tree-ids.js';

/** What lies where an overlay was read from. */
export interface Contents {
  readonly digest: string;
  readonly ids: readonly (readonly [source: string, path: string, id: string | null])[];
}

/** Tells by ids what lies in the sources, as an overlay has them, where it was read from. */
@Injectable()
export class OverlayContents {
  constructor(private readonly ids: TreeIds) {}

  /** @throws what GitSource.treeIds throws; Blocked where a source was not read yet. */
  async of(request: OverlayRequest, overlay: Overlay, reads: OverlayInputs['reads']): Promise<Contents> {
    const found = await Promise.all(
      Object.entries(reads).map(async ([source, paths]) => {
        const ids = await this.ids.of(request.pin(overlay, source), paths);
        return paths.map((path, index) => [source, path, ids[index] ?? null] as const);
      }),
    );
    const ids = found.flat();
    return { digest: digestOf(ids.map((each) => [...each])), ids };
  }
}
