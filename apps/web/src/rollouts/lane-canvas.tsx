import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent, type RefObject } from 'react';
import type { TargetView } from '#contract';
import { colourOf, onThemeChange } from '../theme.js';
import { StateMark } from '../ui/state-mark.js';
import { cellStateOf, STATE_SHAPES } from '../ui/states.js';
import { CELL_STATES, type CellState } from '#domain/cell-state';
import { layoutLane, step, targetAt, ZONE_WORDS, type LaneLayout } from './lane-layout.js';
import { stateWord } from './progress.js';

/** How long a cell takes from one zone to the next, milliseconds. */
const MOVE_MS = 400;
/** More cells than that jump. */
const MAX_MOVING = 1500;

type Colours = Readonly<Record<CellState, string>>;

const makeShapes = (): Readonly<Record<CellState, Path2D>> =>
  Object.fromEntries(CELL_STATES.map((state) => [state, new Path2D(STATE_SHAPES[state].path)])) as Record<
    CellState,
    Path2D
  >;

const coloursNow = (): Colours =>
  Object.fromEntries(CELL_STATES.map((state) => [state, colourOf(`state-${state}`)])) as Record<CellState, string>;

/** What a cell says to who reads it by ear. */
function sentenceOf({ cluster, state, reason, message, waveName }: TargetView): string {
  const why = message ?? reason;
  return `${cluster}: ${stateWord(state)} in wave ${waveName}${why ? `, ${why}` : ''}`;
}

/**
 * The clusters of a wave as cells that move from one zone to the next. One canvas, whatever their number: hover or arrows tell what a
 * cell is, a click or Enter opens it; a finger tells first and opens then.
 */
export function LaneCanvas({
  wave,
  targets,
  onOpen,
}: {
  readonly wave: string;
  readonly targets: readonly TargetView[];
  readonly onOpen: (target: TargetView) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [colours, setColours] = useState(coloursNow);
  const [shown, setShown] = useState<string | null>(null);
  const [isWalked, setWalked] = useState(false);
  const shapes = useMemo(() => makeShapes(), []);
  const layout = useMemo(() => layoutLane(targets, width), [targets, width]);
  const at = shown === null ? -1 : targets.findIndex(({ uid }) => uid === shown);
  const target = targets[at];

  useEffect(() => onThemeChange(() => setColours(coloursNow())), []);
  useEffect(() => {
    if (!frame.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  useMovingCells(
    canvas,
    useMemo(() => ({ targets, layout, width, colours, shapes, at }), [targets, layout, width, colours, shapes, at]),
  );

  const pointed = (event: PointerEvent): TargetView | undefined => {
    const box = event.currentTarget.getBoundingClientRect();
    return targets[targetAt(layout, event.clientX - box.left, event.clientY - box.top)];
  };
  const walk = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter' && target) {
      event.preventDefault();
      onOpen(target);
    }
    if (event.key === 'Escape') setShown(null);
    if (!/^(Arrow|Home|End)/.test(event.key)) return;
    event.preventDefault();
    setWalked(true);
    setShown(targets[step(layout, at, event.key)]?.uid ?? null);
  };
  return (
    <div ref={frame} className="relative min-w-0">
      {layout.zones.map(
        ({ zone, x, y }) =>
          x > 0 &&
          y === 0 && (
            <span
              key={zone}
              aria-hidden="true"
              className="border-line absolute top-0 border-l border-dashed"
              style={{ left: x - 9, height: layout.height }}
            />
          ),
      )}
      {layout.zones.map(({ zone, count, x, y, width: zoneWidth }) => (
        <p
          key={zone}
          className="text-muted absolute truncate text-xs"
          style={{ left: x, top: y, width: zoneWidth }}
          title={ZONE_WORDS[zone]}
        >
          {ZONE_WORDS[zone]} {count > 0 && <span className="tabular-nums">{count}</span>}
        </p>
      ))}
      <div
        role="application"
        tabIndex={targets.length > 0 ? 0 : undefined}
        aria-label={`Clusters of wave ${wave}: arrows walk them, Enter opens one`}
        className="rounded-sm"
        style={{ height: layout.height }}
        onKeyDown={walk}
        onBlur={() => setShown(null)}
        onPointerMove={(event) => {
          if (event.pointerType === 'touch') return;
          setWalked(false);
          setShown(pointed(event)?.uid ?? null);
        }}
        onPointerLeave={(event) => {
          if (event.pointerType !== 'touch' && !isWalked) setShown(null);
        }}
        onPointerUp={(event) => {
          const hit = pointed(event);
          if (hit && (event.pointerType !== 'touch' || hit.uid === shown)) onOpen(hit);
          setShown(hit?.uid ?? null);
        }}
      >
        <canvas ref={canvas} aria-hidden="true" className={`block size-full ${target ? 'cursor-pointer' : ''}`} />
      </div>
      <p className="sr-only" aria-live="polite">
        {isWalked && target ? sentenceOf(target) : ''}
      </p>
      {target && <Tip target={target} layout={layout} at={at} width={width} />}
    </div>
  );
}

const TIP_PX = 280;

function Tip({
  target,
  layout: { places, pitch },
  at,
  width,
}: {
  readonly target: TargetView;
  readonly layout: LaneLayout;
  readonly at: number;
  readonly width: number;
}) {
  const left = Math.max(0, Math.min((places[at * 2] ?? 0) - 8, width - TIP_PX));
  const top = (places[at * 2 + 1] ?? 0) + pitch + 4;
  return (
    <div
      className="bg-card border-line pointer-events-none absolute z-10 flex flex-col gap-1 rounded-md border p-2.5 shadow-lg"
      style={{ left, top, width: Math.min(TIP_PX, width) }}
      data-tip
    >
      <p className="text-strong font-medium break-all">{target.cluster}</p>
      <StateMark state={target.state} word={stateWord(target.state)} />
      {(target.message ?? target.reason) && <p className="break-words">{target.message ?? target.reason}</p>}
    </div>
  );
}

interface Scene {
  readonly targets: readonly TargetView[];
  readonly layout: LaneLayout;
  readonly width: number;
  readonly colours: Colours;
  readonly shapes: Readonly<Record<CellState, Path2D>>;
  readonly at: number;
}

/** Paints the cells; one that stands elsewhere than before goes there. */
function useMovingCells(ref: RefObject<HTMLCanvasElement | null>, scene: Scene): void {
  const stood = useRef(new Map<string, readonly [number, number]>());
  const last = useRef<LaneLayout | null>(null);
  const moveEnd = useRef(0);
  useEffect(() => {
    const { targets, layout, width } = scene;
    const canvas = ref.current;
    if (!canvas || width === 0) return undefined;
    const scale = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(layout.height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(layout.height * scale);
    }
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches || targets.length > MAX_MOVING;
    const begun = performance.now();
    const from = new Map(stood.current);
    if (last.current !== layout) moveEnd.current = from.size > 0 && !isCalm ? begun + MOVE_MS : begun;
    last.current = layout;
    const span = Math.max(1, moveEnd.current - begun);
    let frame = 0;
    const paintFrame = (now: number): void => {
      const part = Math.min(1, Math.max(0, (now - begun) / span));
      const share = moveEnd.current <= begun ? 1 : 1 - (1 - part) ** 3;
      paint(canvas, scene, scale, (index, uid) => {
        const x = layout.places[index * 2] ?? 0;
        const y = layout.places[index * 2 + 1] ?? 0;
        const [oldX, oldY] = from.get(uid) ?? [x, y];
        const place = [oldX + (x - oldX) * share, oldY + (y - oldY) * share] as const;
        stood.current.set(uid, place);
        return place;
      });
      if (share < 1) frame = requestAnimationFrame(paintFrame);
    };
    paintFrame(begun);
    return () => cancelAnimationFrame(frame);
  }, [ref, scene]);
}

function paint(
  canvas: HTMLCanvasElement,
  { targets, layout: { pitch }, colours, shapes, at }: Scene,
  scale: number,
  placeOf: (index: number, uid: string) => readonly [number, number],
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  const size = (pitch - (pitch > 10 ? 4 : 2)) / 16;
  const inset = pitch > 10 ? 2 : 1;
  context.lineWidth = 2.2;
  targets.forEach(({ uid, state }, index) => {
    const [x, y] = placeOf(index, uid);
    const cell = cellStateOf(state);
    const factor = scale * size;
    context.setTransform(factor, 0, 0, factor, (x + inset) * scale, (y + inset) * scale);
    context.fillStyle = colours[cell];
    context.strokeStyle = colours[cell];
    if (STATE_SHAPES[cell].isFilled) context.fill(shapes[cell]);
    else context.stroke(shapes[cell]);
    if (index !== at) return;
    context.lineWidth = 2;
    context.strokeRect(-2.5, -2.5, 21, 21);
    context.lineWidth = 2.2;
  });
}
