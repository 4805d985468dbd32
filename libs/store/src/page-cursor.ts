import { z } from 'zod';
import type { Page, PageRequest } from '#ports';
import { RejectedError } from '#kit';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const MAX_CURSOR = 2000;

export type CursorKey = readonly (string | number)[];

/** @throws RejectedError `bad-limit`. */
export function pageLimit(request: PageRequest): number {
  const { limit = DEFAULT_LIMIT } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RejectedError('bad-limit', `limit: ${limit} is not a whole number from 1 to ${MAX_LIMIT}.`);
  }
  return limit;
}

/**
 * The key of the last item of the page before, or null on the first page.
 * @throws RejectedError `bad-cursor`.
 */
export function pageAfter<T extends CursorKey>(request: PageRequest, schema: z.ZodType<T>): T | null {
  if (request.after === undefined) return null;
  if (request.after.length <= MAX_CURSOR) {
    try {
      return schema.parse(JSON.parse(Buffer.from(request.after, 'base64url').toString('utf8')));
    } catch {
      // Said below.
    }
  }
  throw new RejectedError('bad-cursor', 'after: not a cursor of this list; take `next` of the page before.');
}

/** Makes a page of what was found with one more than `limit` asked for; `keyOf` names an item's place in the order. */
export function toPage<Found, Item>(
  found: readonly Found[],
  limit: number,
  keyOf: (item: Found) => CursorKey,
  toItem: (found: Found) => Item,
): Page<Item> {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(toItem);
  if (found.length <= limit || last === undefined) return { items };
  return { items, next: Buffer.from(JSON.stringify(keyOf(last))).toString('base64url') };
}

export const nameAndUid = z.tuple([z.string(), z.string()]);
export const oneNumber = z.tuple([z.number()]);
export const oneText = z.tuple([z.string()]);
export const wavePositionUid = z.tuple([z.int(), z.int(), z.string()]);
export const timeApplicationNumber = z.tuple([z.number(), z.string(), z.int()]);
