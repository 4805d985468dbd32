import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { STATE_WORDS } from '../ui/states.js';
import { CellCard } from './cell-card.js';
import type { FleetModel } from './fleet-model.js';
import { blockOf, cellX, cellY, hit, layOut, move, type GridLayout, type Step } from './grid-layout.js';
import { GroupHeadings } from './group-headings.js';
import type { Grouping } from './grouping.js';
import { usePainted } from './use-painted.js';
import { TILE_PX, useNearStrips, useRoom } from './use-room.js';

const STEPS: Readonly<Record<string, Step>> = {
  ...{ ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down', k: 'up', j: 'down' },
  ...{ Home: 'first', End: 'last', PageDown: 'nextGroup', PageUp: 'previousGroup' },
};
/** How far beside a cell a thumb may fall. */
const THUMB_PX = 12;

/** The cluster that is looked at, and how. */
interface Looked {
  readonly name: string;
  readonly by: 'pointer' | 'key' | 'touch';
}

/**
 * The fleet as one picture: a cell for each cluster, in groups. Cells are on canvases; over them stands what people need besides:
 * headings, the cursor, which is a grid cell for who reads by ear, and the card of the cluster that is looked at.
 */
export function FleetGrid({
  model,
  version,
  grouping,
  newest,
  subjectOf,
  onOpen,
  onGroup,
}: {
  readonly model: FleetModel;
  readonly version: number;
  readonly grouping: Grouping;
  readonly newest: number;
  readonly subjectOf: (release: number) => string | undefined;
  readonly onOpen: (name: string, isAside: boolean) => void;
  readonly onGroup: (value: string | undefined) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const pressedBy = useRef('mouse');
  const room = useRoom(frame);
  const layout = useMemo(() => (room ? layOut(grouping, room) : null), [grouping, room]);
  const strips = useNearStrips(frame, layout?.height ?? 0);
  const canvasRef = usePainted(model, grouping, layout, strips);
  const [cursor, setCursor] = useState<string | null>(null);
  const [looked, setLooked] = useState<Looked | null>(null);
  const atOf = (name: string | null): number => (name === null ? -1 : (grouping.at[model.placeOf(name)] ?? -1));
  const nameAt = (at: number): string | undefined => model.names[grouping.order[at] ?? -1];
  const cursorAt = atOf(cursor);
  const lookedAt = atOf(looked?.name ?? null);

  useEffect(() => {
    if (looked?.by === 'key') ring.current?.scrollIntoView({ block: 'nearest' });
  }, [looked]);

  const at = (event: MouseEvent<HTMLElement>, near = 0): number => {
    if (!layout) return -1;
    const box = event.currentTarget.getBoundingClientRect();
    return hit(layout, event.clientX - box.left, event.clientY - box.top, near);
  };
  const look = (place: number, by: Looked['by']): void => {
    const name = nameAt(place);
    if (name === undefined) {
      if (by === 'pointer' && looked?.by !== 'touch') setLooked(null);
      return;
    }
    if (by !== 'pointer') setCursor(name);
    if (looked?.name !== name || looked.by !== by) setLooked({ name, by });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || !layout) return;
    const step = STEPS[event.key];
    if (step) {
      event.preventDefault();
      look(cursorAt < 0 ? 0 : move(layout, cursorAt, step), 'key');
    } else if (event.key === 'Enter' && cursor !== null) onOpen(cursor, false);
    else if (event.key === 'Escape') setLooked(null);
  };
  const height = layout?.height ?? 320;
  const many = grouping.order.length;
  return (
    <div ref={frame} className="relative w-full min-w-0 select-none" style={{ height }}>
      <div
        role="grid"
        aria-label={`${many} ${many === 1 ? 'cluster' : 'clusters'}. Arrows move from one to the next, Enter opens one; the table shows the same.`}
        aria-activedescendant={cursorAt >= 0 ? `cell-${cursorAt}` : undefined}
        tabIndex={0}
        data-grid
        className="absolute inset-0 touch-pan-y rounded-sm"
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          if (event.target.matches(':focus-visible')) look(Math.max(0, cursorAt), 'key');
        }}
        onBlur={() => {
          if (looked?.by === 'key') setLooked(null);
        }}
        onPointerMove={(event) => {
          if (event.pointerType === 'mouse') look(at(event), 'pointer');
        }}
        onPointerLeave={(event) => {
          if (event.pointerType === 'mouse' && looked?.by === 'pointer') setLooked(null);
        }}
        onPointerDown={(event) => {
          pressedBy.current = event.pointerType;
        }}
        onClick={(event) => {
          const isMouse = pressedBy.current === 'mouse';
          const place = at(event, isMouse ? 0 : THUMB_PX);
          const name = nameAt(place);
          if (name === undefined) setLooked(null);
          else if (isMouse) onOpen(name, event.ctrlKey || event.metaKey);
          else look(place, 'touch');
        }}
      >
        {layout &&
          Array.from({ length: strips.last - strips.first + 1 }, (_, index) => strips.first + index).map((strip) => (
            <canvas
              key={strip}
              ref={canvasRef(strip)}
              aria-hidden="true"
              className="absolute left-0"
              style={{ top: strip * TILE_PX }}
            />
          ))}
        <div role="row">
          <div
            ref={ring}
            role="gridcell"
            id={`cell-${Math.max(0, cursorAt)}`}
            aria-selected={cursorAt >= 0}
            className={`border-strong pointer-events-none absolute rounded-sm border-2 ${cursorAt >= 0 && layout ? '' : 'opacity-0'}`}
            style={layout ? squareOf(layout, cursorAt) : undefined}
          >
            <span className="sr-only">{cursor === null ? 'No cluster' : spoken(model, cursor)}</span>
          </div>
        </div>
      </div>
      {layout && lookedAt >= 0 && looked?.by === 'pointer' && (
        <div
          aria-hidden="true"
          className="border-strong pointer-events-none absolute rounded-sm border-2"
          style={squareOf(layout, lookedAt)}
        />
      )}
      {layout && <GroupHeadings {...{ model, version, grouping, layout, strips, onGroup }} />}
      {layout && looked && lookedAt >= 0 && (
        <CellCard
          key={looked.by}
          {...{ model, layout, newest, subjectOf }}
          name={looked.name}
          isHeld={looked.by !== 'pointer'}
          square={squareOf(layout, lookedAt)}
          onOpen={() => onOpen(looked.name, false)}
          onClose={() => setLooked(null)}
        />
      )}
    </div>
  );
}

interface Square {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A little more than the cell, so that the ring stands around it. */
function squareOf(layout: GridLayout, at: number): Square {
  const block = layout.blocks[blockOf(layout, at)];
  const side = layout.pitch + 3;
  if (!block) return { left: 0, top: 0, width: side, height: side };
  const { pitch, heading } = layout;
  return { left: cellX(pitch, block, at) - 2, top: cellY(pitch, heading, block, at) - 2, width: side, height: side };
}

/** What is read out for a cluster. */
function spoken(model: FleetModel, name: string): string {
  const place = model.placeOf(name);
  const run = model.runs?.[place] ?? 0;
  const tell = model.told?.[place] ?? 0;
  const release = model.runs
    ? `, ${run > 0 ? `runs release ${run}` : 'runs none'}${tell > 0 && tell !== run ? `, told ${tell}` : ''}`
    : '';
  return `${name}, ${STATE_WORDS[model.stateOf(place)]}${release}`;
}
