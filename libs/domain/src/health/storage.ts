import type { JsonObject } from '../json.js';
import { textAt } from './conditions.js';
import { healthy, verdict, type HealthContext, type HealthVerdict } from './verdict.js';

export function assessVolumeClaim(object: JsonObject, context: HealthContext): HealthVerdict {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return healthy('Bound');
  if (phase === 'Lost') return verdict('failed', 'Lost', 'its volume is lost');
  if (context.bindsOnFirstUse === true)
    return verdict('suspended', 'WaitForFirstConsumer', 'it binds when a pod uses it');
  return verdict('progressing', phase || 'Pending', 'it is not bound yet');
}

export function assessVolume(object: JsonObject): HealthVerdict {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Failed') {
    const message = textAt(object, 'status', 'message') || 'it could not be reclaimed';
    return verdict('failed', textAt(object, 'status', 'reason') || 'Failed', message);
  }
  if (phase === '' || phase === 'Pending') return verdict('progressing', 'Pending', 'it is not available yet');
  return healthy(phase);
}
