import type { JsonObject } from '../json.js';
import { conditionOf, isTrue, listAt, textAt } from './conditions.js';
import { healthy, verdict, type HealthVerdict } from './verdict.js';

/** Any other kind: the conditions that most controllers keep; without them it is enough that it exists. */
export function assessByConditions(object: JsonObject): HealthVerdict {
  const stalled = conditionOf(object, 'Stalled');
  if (isTrue(stalled)) return verdict('failed', stalled.reason || 'Stalled', stalled.message);
  const reconciling = conditionOf(object, 'Reconciling');
  if (isTrue(reconciling)) return verdict('progressing', reconciling.reason || 'Reconciling', reconciling.message);
  const ready = conditionOf(object, 'Ready');
  if (isTrue(ready)) return healthy('Ready');
  if (ready) return verdict('progressing', ready.reason || 'NotReady', ready.message || 'it is not ready');
  const isOld = listAt(object, 'status', 'conditions').some((each) => textAt(each, 'type') === 'Ready');
  if (!isOld) return healthy('Exists');
  return verdict('progressing', 'NotObserved', 'its controller has not seen the present generation yet');
}
