import { useEffect, useSyncExternalStore } from 'react';

/** Something that the present page can do, for the palette. */
export interface PageAct {
  readonly name: string;
  readonly run: () => void;
}

let acts: readonly PageAct[] = [];
const listeners = new Set<() => void>();
const set = (all: readonly PageAct[]): void => {
  acts = all;
  for (const listen of listeners) listen();
};

/** Offers the page's acts in the palette for as long as the page is there. Give it a list that is memoised. */
export function useOfferActs(offered: readonly PageAct[]): void {
  useEffect(() => {
    set(offered);
    return () => set([]);
  }, [offered]);
}

export function usePageActs(): readonly PageAct[] {
  return useSyncExternalStore(
    (listen) => {
      listeners.add(listen);
      return () => listeners.delete(listen);
    },
    () => acts,
  );
}
