import type { Page, PageRequest } from '../../page.js';
import type { Store } from '../../store/store.js';

export interface OpenedStore {
  readonly store: Store;
  /** A second hub on the same data. */
  another(): Promise<Store>;
  /** Closes both. */
  close(): Promise<void>;
}

/** Runs one test with a store of its own. */
export type StoreTest = (work: (opened: OpenedStore) => Promise<void>) => Promise<void>;

/** A promise that somebody else settles. */
export function signalled(): { readonly promise: Promise<void>; readonly give: () => void } {
  let give: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (give = resolve));
  return { promise, give };
}

/** All items, page by page, at most `limit` a page. */
export async function allPages<T>(list: (page: PageRequest) => Promise<Page<T>>, limit: number): Promise<T[]> {
  const items: T[] = [];
  let after: string | undefined;
  do {
    const page = await list(after === undefined ? { limit } : { limit, after });
    if (page.items.length > limit) throw new Error(`${page.items.length} items on a page of ${limit}`);
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}
