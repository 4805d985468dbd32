import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronRight } from 'lucide-react';
import { useRef, useState, type KeyboardEvent } from 'react';
import type { TreeNode } from '#contract';
import { StateMark, StateShape } from '../ui/state-mark.js';
import { Time } from '../ui/time.js';
import { objectText } from './object-names.js';
import { treeStep, type TreeRow } from './tree-rows.js';
import { focusRow } from '../ui/focus-row.js';

/**
 * Objects below their owners, walked by arrows as the ARIA practices have it; `n` goes on to the next that is not well, Enter shows
 * one. Of any length only what is seen is in the document.
 */
export function ObjectTree({
  label,
  rows,
  chosen,
  onChoose,
  onToggle,
}: {
  readonly label: string;
  readonly rows: readonly TreeRow[];
  readonly chosen: string | undefined;
  readonly onChoose: (key: string) => void;
  readonly onToggle: (key: string) => void;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(chosen);
  const found = rows.findIndex(({ key }) => key === active);
  const at = Math.max(0, found);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 40,
    overscan: 15,
    getItemKey: (index) => rows[index]?.key ?? index,
  });
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = rows[at];
    if ((event.key === 'Enter' || event.key === ' ') && row) {
      event.preventDefault();
      onChoose(row.key);
      return;
    }
    const step = treeStep(rows, at, event.key);
    if (!step) return;
    event.preventDefault();
    if ('toggle' in step) {
      onToggle(step.toggle);
      return;
    }
    setActive(rows[step.to]?.key);
    virtual.scrollToIndex(step.to);
    focusRow(scroller.current, step.to);
  };
  return (
    <div ref={scroller} className="border-line bg-card max-h-[70dvh] min-w-0 overflow-auto rounded-lg border">
      <div
        role="tree"
        aria-label={label}
        className="relative"
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={onKeyDown}
      >
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          return (
            row && (
              <div
                key={key}
                ref={virtual.measureElement}
                data-index={index}
                role="treeitem"
                aria-level={row.level}
                aria-posinset={row.place}
                aria-setsize={row.siblings}
                aria-expanded={row.isOpen}
                aria-selected={row.key === chosen}
                tabIndex={index === at ? 0 : -1}
                className={`border-line hover:bg-raised focus-visible:bg-raised absolute inset-x-0 flex min-h-10 cursor-pointer items-start gap-1.5 border-b py-2 pr-3 -outline-offset-2 ${row.key === chosen ? 'bg-raised shadow-[inset_3px_0_0_var(--accent)]' : ''}`}
                style={{ transform: `translateY(${start}px)`, paddingLeft: `${(row.level - 1) * 1.25 + 0.5}rem` }}
                onClick={() => {
                  setActive(row.key);
                  onChoose(row.key);
                }}
              >
                <TreeLine row={row} onToggle={onToggle} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function TreeLine({
  row: { node, key, isOpen, within },
  onToggle,
}: {
  readonly row: TreeRow;
  readonly onToggle: (key: string) => void;
}) {
  const { kind, health, sync, reason, message, createdAt } = node;
  const name = objectText(node, within).slice(kind.length + 1);
  const isOut = sync !== undefined && sync !== 'synced';
  const words = health === 'healthy' || message === '' ? reason : reason === '' ? message : `${reason}: ${message}`;
  return (
    <>
      <span
        // Keys open and shut it; this is for the mouse and the finger.
        aria-hidden="true"
        className={`grid size-6 shrink-0 place-items-center rounded ${isOpen === undefined ? '' : 'hover:bg-line'}`}
        onClick={(event) => {
          if (isOpen === undefined) return;
          event.stopPropagation();
          onToggle(key);
        }}
      >
        {isOpen !== undefined && (
          <ChevronRight size={16} className={`transition-transform ${isOpen ? 'rotate-90' : ''}`} />
        )}
      </span>
      <span className="mt-1.25">
        <StateShape state={health} />
      </span>
      <span className="min-w-0 flex-1">
        <span className="flex flex-wrap items-baseline gap-x-2 leading-6">
          <span className="text-muted">{kind}</span>
          <span className="text-strong font-medium break-all">{name}</span>
          {health !== 'healthy' && <StateWord state={health} />}
          {isOut && <StateMark state={sync} word={SYNC_WORDS[sync]} />}
          <span className="sr-only">{health === 'healthy' ? 'healthy' : ''}</span>
        </span>
        {words !== '' && health !== 'healthy' && <span className="text-text line-clamp-2 break-words">{words}</span>}
        {words !== '' && health === 'healthy' && isOut && (
          <span className="text-muted line-clamp-2 break-words">{words}</span>
        )}
      </span>
      <span className="text-muted hidden leading-6 sm:inline">
        {createdAt !== undefined && <Time at={createdAt} />}
      </span>
    </>
  );
}

/** Its shape stands at the beginning of the line already. */
function StateWord({ state }: { readonly state: TreeNode['health'] }) {
  return <span className={`font-medium ${WORD_COLOURS[state]}`}>{state}</span>;
}

const WORD_COLOURS: Readonly<Record<TreeNode['health'], string>> = {
  healthy: 'text-healthy',
  progressing: 'text-progressing',
  failed: 'text-failed',
  suspended: 'text-held',
  missing: 'text-failed',
  unknown: 'text-muted',
};

export const SYNC_WORDS = {
  synced: 'as in Git',
  outOfSync: 'differs from Git',
  missing: 'not there',
  surplus: 'no longer in Git',
  unknown: 'not looked at yet',
} as const;
