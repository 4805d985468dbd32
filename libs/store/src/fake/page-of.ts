import type { z } from 'zod';
import type { Page, PageRequest } from '#ports';
import { type CursorKey, pageAfter, pageLimit, toPage } from '../page-cursor.js';
import { compareKeys } from './memory.js';

/** Cuts a page out of all items; `keyOf` orders them, backwards where newest comes first. */
export function pageOf<T, Key extends CursorKey>(
  items: readonly T[],
  page: PageRequest,
  schema: z.ZodType<Key>,
  keyOf: (item: T) => Key,
  direction: 'forwards' | 'backwards' = 'forwards',
): Page<T> {
  const sign = direction === 'forwards' ? 1 : -1;
  const limit = pageLimit(page);
  const after = pageAfter(page, schema);
  const found = items
    .filter((item) => after === null || sign * compareKeys(keyOf(item), after) > 0)
    .sort((a, b) => sign * compareKeys(keyOf(a), keyOf(b)));
  return toPage(found.slice(0, limit + 1), limit, keyOf, (item) => item);
}
