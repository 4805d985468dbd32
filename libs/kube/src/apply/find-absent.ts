import { RetryableError } from '#kit';
import type { KubeResponse } from '#ports';
import { isSuccess } from './api-error.js';
import { collectionPath } from './discovery.js';
import { mapLimited } from './map-limited.js';
import { mapAt, mapsAt, textAt } from './object-ref.js';
import type { ApplyItem } from './prepare.js';

/** From so many of one kind in one namespace on, one list is less work for the API server than a look for each. */
const WORTH_A_LIST = 5;
/** Where there are more, most of them are somebody else's. */
const LONGEST_LIST = 500;

/**
 * Those items that are not in the cluster, as far as one list of each kind tells; the others have to be looked for. Whoever may
 * not list, or gets no answer to it, is not the worse for it.
 */
export async function findAbsent(
  items: readonly ApplyItem[],
  list: (path: string, limit: number) => Promise<KubeResponse>,
): Promise<readonly ApplyItem[]> {
  const groups = new Map<string, ApplyItem[]>();
  for (const item of items) {
    const path = collectionPath(item.kind, item.ref.namespace);
    const group = groups.get(path);
    if (group === undefined) groups.set(path, [item]);
    else group.push(item);
  }
  const absent: ApplyItem[] = [];
  const large = [...groups].filter(([, group]) => group.length >= WORTH_A_LIST);
  await mapLimited(large, async ([path, group]) => {
    const answer = await list(path, LONGEST_LIST).catch(ignoreSilence);
    if (answer === null || !isSuccess(answer) || textAt(mapAt(answer.body, 'metadata'), 'continue') !== '') return;
    const names = new Set(mapsAt(answer.body, 'items').map((each) => textAt(mapAt(each, 'metadata'), 'name')));
    absent.push(...group.filter(({ ref }) => !names.has(ref.name)));
  });
  return absent;
}

function ignoreSilence(error: unknown): null {
  if (error instanceof RetryableError) return null;
  throw error;
}
