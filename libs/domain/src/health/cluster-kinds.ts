import type { JsonObject } from '../json.js';
import { conditionOf, isFalse, isTrue } from './conditions.js';
import { healthy, verdict, type HealthVerdict } from './verdict.js';

export function assessApiService(object: JsonObject): HealthVerdict {
  const available = conditionOf(object, 'Available');
  if (isTrue(available)) return healthy('Available');
  return verdict('progressing', available?.reason || 'Pending', available?.message || 'it is not available yet');
}

export function assessDefinition(object: JsonObject): HealthVerdict {
  const names = conditionOf(object, 'NamesAccepted');
  if (isFalse(names)) return verdict('failed', names.reason, names.message);
  const schema = conditionOf(object, 'NonStructuralSchema');
  if (isTrue(schema)) return verdict('failed', schema.reason, schema.message);
  const established = conditionOf(object, 'Established');
  if (isTrue(established)) return healthy('Established');
  return verdict('progressing', 'NotEstablished', established?.message || 'it is not established yet');
}
