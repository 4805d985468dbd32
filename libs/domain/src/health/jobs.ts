import type { JsonObject } from '../json.js';
import { conditionOf, isTrue, listAt, textAt, valueAt } from './conditions.js';
import { CRON_GRACE_MS } from './graces.js';
import { assessPods } from './pods.js';
import { healthy, verdict, type HealthContext, type HealthVerdict } from './verdict.js';

export function assessJob(object: JsonObject, context: HealthContext): HealthVerdict {
  // FailureTarget says that it will fail as soon as its pods have ended; nothing takes that back.
  for (const type of ['Failed', 'FailureTarget']) {
    const failed = conditionOf(object, type);
    if (isTrue(failed)) return verdict('failed', failed.reason || 'JobFailed', failed.message || 'the job failed');
  }
  if (isTrue(conditionOf(object, 'Complete'))) return healthy('Complete');
  // A job that was resumed keeps its Suspended condition, with status False.
  if (isTrue(conditionOf(object, 'Suspended')) || valueAt(object, 'spec', 'suspend') === true) {
    return verdict('suspended', 'Suspended', 'the job is suspended by spec.suspend');
  }
  const pods = assessPods(context.pods ?? []);
  const message = pods.message === '' ? 'the job has not completed' : `the job has not completed; ${pods.message}`;
  // Crashes are the job's own business, which counts them against its backoffLimit; a pod that never starts it does not count.
  if (pods.status === 'failed' && pods.reason !== 'CrashLoopBackOff') return verdict('failed', pods.reason, message);
  return verdict('progressing', 'Running', message);
}

export function assessCronJob(object: JsonObject, context: HealthContext): HealthVerdict {
  if (valueAt(object, 'spec', 'suspend') === true)
    return verdict('suspended', 'Suspended', 'it is suspended by spec.suspend');
  const scheduled = Date.parse(textAt(object, 'status', 'lastScheduleTime'));
  if (Number.isNaN(scheduled)) return healthy('NotRunYet');
  if (listAt(object, 'status', 'active').length > 0) return healthy('Running');
  if (!lacksSuccess(object)) return healthy('LastRunSucceeded');
  if ((context.sinceMs ?? 0) < CRON_GRACE_MS) return healthy('Finishing');
  const when = textAt(object, 'status', 'lastScheduleTime');
  return verdict('failed', 'LastRunFailed', `the run of ${when} did not succeed`);
}

/** Its last run is over, and the controller has noted no success of it. */
export function lacksSuccess(object: JsonObject): boolean {
  const scheduled = Date.parse(textAt(object, 'status', 'lastScheduleTime'));
  if (Number.isNaN(scheduled) || listAt(object, 'status', 'active').length > 0) return false;
  return !(Date.parse(textAt(object, 'status', 'lastSuccessfulTime')) >= scheduled);
}
