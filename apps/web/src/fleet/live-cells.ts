import type { CellChanges } from '#contract';
import type { Live } from '../api/live.js';
import type { FleetModel } from './fleet-model.js';

/** After so many the browser's list of measures is emptied: it would keep all of them for as long as the page is open. */
const KEPT_MEASURES = 1_000;

/**
 * Takes the stream's changes into the model, all that came since the last frame at once, and has them drawn in the same frame. Each
 * frame is a measure `fleet-batch` of the browser's performance timeline.
 */
export function followCells(live: Live, model: FleetModel): () => void {
  const waiting: CellChanges[] = [];
  let frame = 0;
  let measures = 0;
  const takeIn = (): void => {
    frame = 0;
    const start = performance.now();
    for (const changes of waiting) model.draw(model.apply(changes));
    waiting.length = 0;
    performance.measure('fleet-batch', { start, end: performance.now() });
    measures += 1;
    if (measures % KEPT_MEASURES === 0) performance.clearMeasures('fleet-batch');
    model.tellAll();
  };
  const stop = live.onBatch(({ cells }, id) => {
    model.id = id;
    if (!cells || cells.names.length === 0) return;
    waiting.push(cells);
    frame ||= requestAnimationFrame(takeIn);
  });
  live.want({ after: model.id, ...(model.application !== undefined && { application: model.application }) });
  return () => {
    stop();
    live.want(null);
    if (frame === 0) return;
    cancelAnimationFrame(frame);
    takeIn();
  };
}
