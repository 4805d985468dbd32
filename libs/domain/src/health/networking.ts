import type { JsonObject } from '../json.js';
import { listAt, textAt } from './conditions.js';
import { healthy, verdict, type HealthContext, type HealthVerdict } from './verdict.js';

export function assessService(object: JsonObject): HealthVerdict {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return healthy();
  return hasAddress(object)
    ? healthy('HasAddress')
    : verdict('progressing', 'NoAddress', 'its load balancer has no address yet');
}

/** Many classes never write an address: it is waited for only where the class is known to give one. */
export function assessIngress(object: JsonObject, context: HealthContext): HealthVerdict {
  if (hasAddress(object)) return healthy('HasAddress');
  if (context.givesAddress !== true) return healthy();
  return verdict('progressing', 'NoAddress', 'it has no address yet');
}

/** Whether the status of an Ingress or a Service tells an address. */
export function hasAddress(object: JsonObject): boolean {
  return listAt(object, 'status', 'loadBalancer', 'ingress').some(
    (each) => textAt(each, 'ip') !== '' || textAt(each, 'hostname') !== '',
  );
}
