import { hasDrifted, type ObjectError, refKey } from '#kube';
import type { SyncState } from '../report/compose-report.js';
import type { ApplicationObjects } from './application-objects.js';

/**
 * Whether what is known of an application that was applied whole before stands, though some objects could not be made sure of
 * again: the API server is in trouble and nobody's input at fault, and nothing is known to be otherwise than it was.
 */
export function verdictStands(
  sync: SyncState,
  errors: readonly ObjectError[],
  objects: Pick<ApplicationObjects, 'get' | 'entries'>,
): boolean {
  if (errors.length === 0 || !errors.every(({ transient }) => transient)) return false;
  // After a restart there is no verdict yet. While nothing at all can be seen, the one that was told before stands.
  if (sync.kind === 'restoring') return [...objects.entries.values()].every(({ live }) => live === undefined);
  if (sync.kind !== 'applied') return false;
  return errors.every(({ ref }) => {
    const object = objects.get(refKey(ref));
    return object?.verified !== undefined && !hasDrifted(object.known());
  });
}
