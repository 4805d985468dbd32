import { createMetrics } from '#kit';
import type { ChartSource, GitSource, Renderer } from '#ports';
import { createFakeChartSource } from '#source';
import { StepTimer } from '../step-timer.js';
import type { BundleShelf } from './bundle-shelf.js';
import { Exports } from './exports.js';
import { HelmInputs } from './helm-inputs.js';
import { OverlayContents } from './overlay-contents.js';
import { RenderOverlays } from './render-overlays.js';
import { ServedApis } from './served-apis.js';
import { TreeIds } from './tree-ids.js';

/** The hub's render step, as its composition root makes it. */
export interface RenderStep {
  readonly overlays: RenderOverlays;
  readonly exports: Exports;
  readonly ids: TreeIds;
}

export function makeRenderStep(parts: {
  readonly git: GitSource;
  readonly charts?: ChartSource;
  readonly renderer: Renderer;
  readonly shelf: BundleShelf;
  readonly scratchFolder: string;
}): RenderStep {
  const { git, charts = createFakeChartSource(), renderer, shelf, scratchFolder } = parts;
  const metrics = createMetrics({ processMetrics: false });
  const exports = new Exports(git, charts, { scratchFolder });
  const ids = new TreeIds(git);
  const overlays = new RenderOverlays(renderer, { renderConcurrency: 2 }, metrics, shelf);
  Object.assign(overlays, {
    timer: new StepTimer(metrics),
    helm: new HelmInputs(shelf, new ServedApis({ kinds: () => Promise.resolve(null) })),
    contents: new OverlayContents(ids),
    exports,
  });
  return { overlays, exports, ids };
}
