import { useEffect, useLayoutEffect, useRef, useState, type RefCallback } from 'react';
import { onThemeChange } from '../theme.js';
import type { FleetModel } from './fleet-model.js';
import type { GridLayout } from './grid-layout.js';
import { GridPainter, type Tile } from './grid-painter.js';
import type { Grouping } from './grouping.js';
import { TILE_PX, type Strips } from './use-room.js';

let isUsable = false;

/** Keeps the canvases painted: all of them when the layout or the theme is another, single cells when the stream changes those. */
export function usePainted(
  model: FleetModel,
  grouping: Grouping,
  layout: GridLayout | null,
  strips: Strips,
): (strip: number) => RefCallback<HTMLCanvasElement> {
  const canvases = useRef(new Map<number, HTMLCanvasElement>());
  const [painter] = useState(() => new GridPainter());
  const [look, setLook] = useState(0);
  useEffect(() => {
    const again = (): void => {
      painter.forget();
      setLook((count) => count + 1);
    };
    const stop = onThemeChange(again);
    // Another screen, or another zoom: other device pixels.
    const density = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    density.addEventListener('change', again);
    return () => {
      stop();
      density.removeEventListener('change', again);
    };
  }, [painter, look]);
  useLayoutEffect(() => {
    if (!layout) return;
    for (const [strip, canvas] of canvases.current)
      painter.paint(tileOf(strip, canvas), heightOf(strip, layout), { model, grouping, layout });
    if (isUsable || model.size === 0) return;
    isUsable = true;
    performance.mark('fleet-usable');
  }, [painter, model, grouping, layout, strips, look]);
  useEffect(() => {
    if (!layout) return;
    const picture = { model, grouping, layout };
    return model.onDraw((changed) => {
      for (const [strip, canvas] of canvases.current)
        painter.repaint(tileOf(strip, canvas), heightOf(strip, layout), changed, picture);
    });
  }, [painter, model, grouping, layout]);
  const [refs] = useState(() => new Map<number, RefCallback<HTMLCanvasElement>>());
  return (strip) => {
    const known = refs.get(strip);
    if (known) return known;
    const ref: RefCallback<HTMLCanvasElement> = (canvas) => {
      if (canvas) canvases.current.set(strip, canvas);
      else canvases.current.delete(strip);
    };
    refs.set(strip, ref);
    return ref;
  };
}

const tileOf = (strip: number, canvas: HTMLCanvasElement): Tile => ({ canvas, top: strip * TILE_PX });
const heightOf = (strip: number, { height }: GridLayout): number =>
  Math.max(1, Math.min(TILE_PX, height - strip * TILE_PX));
