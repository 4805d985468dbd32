import { useMemo } from 'react';
import { CELL_STATES } from '#domain/cell-state';
import { StateShape } from '../ui/state-mark.js';
import { STATE_WORDS } from '../ui/states.js';
import type { FleetModel } from './fleet-model.js';
import type { GridLayout } from './grid-layout.js';
import type { Grouping } from './grouping.js';
import { TILE_PX, type Strips } from './use-room.js';

/** What a heading counts besides all: who needs somebody. */
const TROUBLE = ['failed', 'offline'] as const;

/** The groups' names with how many they are, over their cells; pressed, the fleet is filtered to the group. */
export function GroupHeadings({
  model,
  version,
  grouping,
  layout,
  strips,
  onGroup,
}: {
  readonly model: FleetModel;
  readonly version: number;
  readonly grouping: Grouping;
  readonly layout: GridLayout;
  readonly strips: Strips;
  readonly onGroup: (value: string | undefined) => void;
}) {
  const near = useMemo(() => {
    const [top, bottom] = [strips.first * TILE_PX, (strips.last + 1) * TILE_PX];
    return layout.blocks.flatMap(({ y }, index) => (y >= top - 200 && y < bottom ? [index] : []));
  }, [layout, strips]);
  if (grouping.key === undefined) return null;
  return (
    <ul aria-label={`Groups by ${grouping.key}`} data-version={version}>
      {near.map((index) => {
        const group = grouping.groups[index];
        const block = layout.blocks[index];
        if (!group || !block) return null;
        const value = group.value === '' ? '(empty)' : (group.value ?? `without ${grouping.key ?? ''}`);
        return (
          <li key={group.value ?? ' '} className="absolute" style={{ left: block.x, top: block.y, width: block.width }}>
            <button
              type="button"
              className="hover:bg-raised -ml-1 flex min-h-6 max-w-full items-center gap-1.5 rounded px-1 text-xs"
              title={`Filter to ${value}`}
              onClick={() => onGroup(group.value)}
            >
              <span className={`truncate font-medium ${group.value === undefined ? 'text-muted' : 'text-strong'}`}>
                {value}
              </span>
              <span className="text-muted tabular-nums">{group.count.toLocaleString()}</span>
              {TROUBLE.map((state) => {
                const many = countIn(model, grouping, group.from, group.count, CELL_STATES.indexOf(state));
                return (
                  many > 0 && (
                    <span key={state} className="text-text flex items-center gap-0.5 tabular-nums">
                      <StateShape state={state} size={10} />
                      {many.toLocaleString()}
                      <span className="sr-only"> {STATE_WORDS[state]}</span>
                    </span>
                  )
                );
              })}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function countIn({ states }: FleetModel, { order }: Grouping, from: number, count: number, state: number): number {
  let many = 0;
  for (let at = from; at < from + count; at += 1) if (states[order[at] ?? 0] === state) many += 1;
  return many;
}
