import { CELL_STATES } from '#domain/cell-state';
import { colourOf } from '../theme.js';
import { STATE_SHAPES } from '../ui/states.js';
import type { FleetModel } from './fleet-model.js';
import { blockOf, cellX, cellY, type GridLayout } from './grid-layout.js';
import type { Grouping } from './grouping.js';

/** A strip of the grid with a canvas of its own: a tall grid has as many as are near the window. */
export interface Tile {
  readonly canvas: HTMLCanvasElement;
  /** Of the grid's top, CSS pixels. */
  readonly top: number;
}

/** What is painted. */
export interface Picture {
  readonly model: FleetModel;
  readonly grouping: Grouping;
  readonly layout: GridLayout;
}

/** Below that many device pixels a shape is but a smudge. */
const MARK_PX = 8;

/** The parts of a cell that a small mark fills, in tenths: left, top, width, height. Each can be told from the others at 4 pixels. */
const MARKS: readonly (readonly (readonly [number, number, number, number])[])[] = [
  [[2, 2, 6, 6]],
  [[0, 0, 5, 10]],
  [[0, 0, 10, 10]],
  [
    [0, 5, 10, 5],
    [5, 0, 5, 5],
  ],
  [
    [0, 0, 4, 10],
    [6, 0, 4, 10],
  ],
  [
    [0, 0, 10, 2.5],
    [0, 7.5, 10, 2.5],
    [0, 0, 2.5, 10],
    [7.5, 0, 2.5, 10],
  ],
  [[3.5, 3.5, 3, 3]],
  [[0, 0, 10, 5]],
  [[1, 4, 8, 3]],
];

/** Paints cells: each state is drawn once for a size and a theme, and copied from there. */
export class GridPainter {
  private sprites: HTMLCanvasElement | null = null;
  private made = '';

  /** After the theme changed: colours are looked up anew. */
  forget(): void {
    this.made = '';
  }

  /** All of a tile. */
  paint(tile: Tile, height: number, { model, grouping: { order }, layout }: Picture): void {
    const ratio = window.devicePixelRatio;
    const { canvas, top } = tile;
    const [wide, tall] = [Math.round(layout.width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== tall) {
      canvas.width = wide;
      canvas.height = tall;
      canvas.style.width = `${layout.width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.clearRect(0, 0, wide, tall);
    const { pitch, heading, blocks } = layout;
    const sprites = this.spritesOf(pitch, ratio);
    const size = sprites.height;
    for (const block of blocks) {
      const begin = block.y + heading;
      if (begin + block.rows * pitch <= top || begin >= top + height) continue;
      const firstRow = Math.max(0, Math.floor((top - begin) / pitch));
      const endRow = Math.min(block.rows, Math.ceil((top + height - begin) / pitch));
      const end = Math.min(block.count, endRow * block.columns);
      for (let index = firstRow * block.columns; index < end; index += 1) {
        const state = model.states[order[block.from + index] ?? 0] ?? 0;
        const x = Math.round((block.x + (index % block.columns) * pitch) * ratio);
        const y = Math.round((begin + Math.floor(index / block.columns) * pitch - top) * ratio);
        context.drawImage(sprites, state * size, 0, size, size, x, y, size, size);
      }
    }
  }

  /** Only the cells of these clusters, where they are shown. */
  repaint(tile: Tile, height: number, changed: Int32Array, { model, grouping, layout }: Picture): void {
    const context = tile.canvas.getContext('2d');
    if (!context) return;
    const ratio = window.devicePixelRatio;
    const { pitch, heading, blocks } = layout;
    const sprites = this.spritesOf(pitch, ratio);
    const size = sprites.height;
    for (let index = 0; index < changed.length; index += 1) {
      const place = changed[index] ?? 0;
      const at = grouping.at[place] ?? -1;
      const block = at < 0 ? undefined : blocks[blockOf(layout, at)];
      if (!block) continue;
      const down = cellY(pitch, heading, block, at) - tile.top;
      if (down <= -pitch || down >= height) continue;
      const x = Math.round(cellX(pitch, block, at) * ratio);
      const y = Math.round(down * ratio);
      context.clearRect(x, y, size, size);
      context.drawImage(sprites, (model.states[place] ?? 0) * size, 0, size, size, x, y, size, size);
    }
  }

  private spritesOf(pitch: number, ratio: number): HTMLCanvasElement {
    const wanted = `${pitch} ${ratio}`;
    if (this.sprites && this.made === wanted) return this.sprites;
    this.made = wanted;
    return (this.sprites = drawSprites(pitch, ratio));
  }
}

/** A row of squares, one for each state. */
function drawSprites(pitch: number, ratio: number): HTMLCanvasElement {
  const square = Math.max(1, Math.round(pitch * ratio));
  // The space between cells is part of them.
  const gap = Math.max(1, Math.round((pitch >= 14 ? 3 : pitch >= 9 ? 2 : 1) * ratio));
  const size = square - gap;
  const canvas = document.createElement('canvas');
  canvas.width = square * CELL_STATES.length;
  canvas.height = square;
  const context = canvas.getContext('2d');
  if (!context) return canvas;
  for (const [index, state] of CELL_STATES.entries()) {
    const colour = colourOf(`state-${state}`);
    context.fillStyle = colour;
    context.strokeStyle = colour;
    const left = index * square + Math.floor(gap / 2);
    const top = Math.floor(gap / 2);
    if (size < MARK_PX) {
      for (const [x, y, wide, tall] of MARKS[index] ?? []) {
        const [x0, y0] = [Math.round((x * size) / 10), Math.round((y * size) / 10)];
        const w = Math.max(1, Math.round(((x + wide) * size) / 10) - x0);
        const h = Math.max(1, Math.round(((y + tall) * size) / 10) - y0);
        context.fillRect(left + x0, top + y0, w, h);
      }
      continue;
    }
    const { path, isFilled } = STATE_SHAPES[state];
    context.save();
    context.translate(left, top);
    context.scale(size / 16, size / 16);
    context.lineWidth = size >= 24 ? 1.7 : 2.2;
    if (isFilled) context.fill(new Path2D(path));
    else context.stroke(new Path2D(path));
    context.restore();
  }
  return canvas;
}
