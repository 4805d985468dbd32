import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { Refusal } from '../ui/act-dialog.js';
import { Button, Spinner } from '../ui/button.js';
import { ActivityEntry } from './activity-entry.js';
import type { Entry } from './activity-query.js';
import type { Kind } from './search.js';
import { focusRow } from '../ui/focus-row.js';

const ENTRY_PX = 68;
/** Nearer to the top than this nobody reads further down. */
const TOP_PX = 24;
/** So many before the end of what was read more is asked for. */
const AHEAD = 20;

/** Entries in the page's own scrolling, of which only what is seen is in the document; the next page comes as its end nears. */
export function ActivityFeed({
  kind,
  entries,
  news,
  onNews,
  hasMore,
  isReading,
  onMore,
  error,
}: {
  readonly kind: Kind;
  readonly entries: readonly Entry[];
  readonly news: { readonly count: number; readonly isMore: boolean };
  readonly onNews: () => void;
  readonly hasMore: boolean;
  readonly isReading: boolean;
  readonly onMore: () => void;
  readonly error?: Error;
}) {
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const [here, setHere] = useState(0);
  const virtual = useWindowVirtualizer({
    count: entries.length,
    estimateSize: () => ENTRY_PX,
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => entries[index]?.id ?? index,
  });
  useLayoutEffect(() => {
    // What stands above it may fold, wrap or go: the page's height changes with it.
    const measure = (): void => {
      if (list.current) setMargin(Math.round(list.current.getBoundingClientRect().top + window.scrollY));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    measure();
    return () => observer.disconnect();
  }, []);
  // At the top, with nothing open, what is new comes by itself; else it waits for whoever reads.
  const { count } = news;
  useEffect(() => {
    const isFocused = list.current?.contains(document.activeElement) === true;
    if (count > 0 && window.scrollY < TOP_PX && open.size === 0 && !isFocused) onNews();
  }, [count, onNews, open.size]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isReading && !error && last >= entries.length - AHEAD) onMore();
  }, [hasMore, isReading, error, last, entries.length, onMore]);
  const move = (event: KeyboardEvent<HTMLDivElement>): void => {
    const step = { ArrowDown: 1, j: 1, PageDown: 8, ArrowUp: -1, k: -1, PageUp: -8 }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(entries.length - 1, here + step));
    setHere(next);
    virtual.scrollToIndex(next);
    focusRow(list.current, next);
  };
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <div role="status" className="sticky top-14 z-10 flex h-0 justify-center">
        {count > 0 && (
          <Button
            tone="primary"
            className="h-8 shadow-lg"
            onClick={() => {
              onNews();
              window.scrollTo({ top: 0 });
            }}
          >
            {count}
            {news.isMore && '+'} new
          </Button>
        )}
      </div>
      <div
        ref={list}
        role="feed"
        aria-label={kind === 'audit' ? 'Who did what, newest first' : 'What happened, newest first'}
        aria-busy={isReading}
        className="border-line bg-card relative overflow-clip rounded-lg border"
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={move}
      >
        {items.map(({ index, key, start }) => {
          const entry = entries[index];
          if (!entry) return null;
          return (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              role="article"
              aria-posinset={index + 1}
              aria-setsize={hasMore ? -1 : entries.length}
              aria-labelledby={`entry-${entry.id}`}
              tabIndex={index === here ? 0 : -1}
              className="border-line hover:bg-raised/60 absolute inset-x-0 border-b -outline-offset-2"
              style={{ transform: `translateY(${start - margin}px)` }}
              onFocus={() => setHere(index)}
            >
              <ActivityEntry
                entry={entry}
                isOpen={open.has(entry.id)}
                onToggle={() =>
                  setOpen((before) => {
                    const after = new Set(before);
                    if (!after.delete(entry.id)) after.add(entry.id);
                    return after;
                  })
                }
              />
            </div>
          );
        })}
      </div>
      <p className="text-muted flex items-center gap-2 p-2" role="status">
        {isReading ? (
          <>
            <Spinner /> Reading what was before …
          </>
        ) : hasMore ? (
          ''
        ) : (
          'That is all.'
        )}
      </p>
      {error && (
        <div className="flex flex-col items-start gap-2">
          <Refusal error={error} />
          <Button onClick={onMore}>Try again</Button>
        </div>
      )}
    </div>
  );
}
