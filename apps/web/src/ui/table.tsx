import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { focusRow } from './focus-row.js';

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => ReactNode;
  /** Of the grid that the columns make, such as `minmax(10rem,2fr)`; `1fr` unless told. */
  readonly width?: string;
  /** Left out on a phone. */
  readonly isMinor?: boolean;
}

const ROW_PX = 40;

/**
 * A table of any length of which only what is seen is in the document. Rows are walked by arrows and j/k, Enter opens one.
 * On a phone minor columns are left out.
 */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  onOpen,
  maxHeight = '70dvh',
}: {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  readonly maxHeight?: string;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    getItemKey: (index) => keyOf(rows[index] as Row),
  });
  const move = (event: KeyboardEvent<HTMLDivElement>): void => {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: 12,
      PageUp: -12,
    };
    const here = Number((event.target as HTMLElement).closest<HTMLElement>('[data-index]')?.dataset['index'] ?? -1);
    const step = steps[event.key];
    if (
      event.key === 'Enter' &&
      here >= 0 &&
      event.target === event.currentTarget.querySelector(`[data-index="${here}"]`)
    ) {
      // Else the same key presses whatever has the focus by then: a dialog's way out.
      event.preventDefault();
      const row = rows[here];
      if (row !== undefined) onOpen?.(row);
    }
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(rows.length - 1, here + step));
    virtual.scrollToIndex(next);
    focusRow(scroller.current, next);
  };
  const grid = (isPhone: boolean): string =>
    columns
      .filter(({ isMinor }) => !(isPhone && isMinor))
      .map(({ width = 'minmax(0,1fr)' }) => width)
      .join(' ');
  const style = { '--columns': grid(false), '--columns-phone': grid(true) } as Record<string, string>;
  const line = 'grid grid-cols-(--columns-phone) sm:grid-cols-(--columns) gap-x-3 px-3 items-center';
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      className="border-line bg-card overflow-auto rounded-lg border"
      style={{ ...style, maxHeight }}
      onKeyDown={move}
    >
      <div role="rowgroup" className="bg-card border-line sticky top-0 z-10 border-b">
        <div role="row" aria-rowindex={1} className={`${line} text-muted min-h-9 text-xs font-medium`}>
          {columns.map(({ heading, isMinor }) => (
            <span key={heading} role="columnheader" className={`truncate ${isMinor ? 'hidden sm:block' : ''}`}>
              {heading}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index] as Row;
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={index + 2}
              data-index={index}
              tabIndex={index === 0 ? 0 : -1}
              className={`${line} border-line hover:bg-raised focus-visible:bg-raised absolute inset-x-0 border-b -outline-offset-2 ${onOpen ? 'cursor-pointer' : ''}`}
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest('a,button,input,select')) onOpen?.(row);
              }}
            >
              {columns.map(({ heading, cell, isMinor }) => (
                <span key={heading} role="cell" className={`min-w-0 truncate ${isMinor ? 'hidden sm:block' : ''}`}>
                  {cell(row)}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
