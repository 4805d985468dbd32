import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import { apiError, callKube, isSuccess, mapAt, mapsAt, textAt } from '#kube';
import type { Kube } from '#ports';

/** One page is in memory at a time. */
const PAGE = 250;

/**
 * Visits each object of a list, page by page. Where the pages go out of date it begins anew, once: whoever visits must not mind to
 * see an object twice.
 * @throws RejectedError `kube-status` in the API server's words · RetryableError
 */
export async function eachListed(
  kube: Kube,
  path: string,
  query: Readonly<Record<string, string>>,
  visit: (object: JsonObject) => void,
): Promise<void> {
  let next = '';
  for (let isAgain = false; ;) {
    const page = { ...query, limit: String(PAGE), ...(next !== '' && { continue: next }) };
    const answer = await callKube(kube, { method: 'GET', path, query: page });
    if (answer.status === 410 && next !== '' && !isAgain) {
      isAgain = true;
      next = '';
      continue;
    }
    if (!isSuccess(answer)) throw new RejectedError('kube-status', apiError(answer).message);
    for (const object of mapsAt(answer.body, 'items')) visit(object);
    next = textAt(mapAt(answer.body, 'metadata'), 'continue');
    if (next === '') return;
  }
}
