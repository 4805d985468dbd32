import { useRef, type ReactNode } from 'react';

/** Parts of a page of which one is shown; the choice is the page's URL. Arrows go from one to the next. */
export function Tabs<Id extends string>({
  label,
  tabs,
  chosen,
  onChoose,
  children,
}: {
  readonly label: string;
  readonly tabs: readonly (readonly [Id, string])[];
  readonly chosen: Id;
  readonly onChoose: (id: Id) => void;
  readonly children: ReactNode;
}) {
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number): void => {
    const next = tabs[(index + tabs.length) % tabs.length];
    if (!next) return;
    onChoose(next[0]);
    list.current?.querySelector<HTMLElement>(`[data-tab="${next[0]}"]`)?.focus();
  };
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div ref={list} role="tablist" aria-label={label} className="border-line flex gap-1 overflow-x-auto border-b">
        {tabs.map(([id, text], index) => (
          <button
            key={id}
            type="button"
            role="tab"
            data-tab={id}
            id={`tab-${id}`}
            aria-selected={id === chosen}
            aria-controls="tab-panel"
            tabIndex={id === chosen ? 0 : -1}
            onClick={() => onChoose(id)}
            onKeyDown={(event) => {
              if (event.key === 'ArrowRight') go(index + 1);
              if (event.key === 'ArrowLeft') go(index - 1);
            }}
            className={`-mb-px min-h-11 border-b-2 px-3 font-medium whitespace-nowrap sm:min-h-9 ${id === chosen ? 'border-accent text-strong' : 'text-muted hover:text-strong border-transparent'}`}
          >
            {text}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${chosen}`} className="min-w-0">
        {children}
      </div>
    </div>
  );
}
