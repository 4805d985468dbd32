import type { JsonObject } from '../json.js';
import { conditionOf, healthy, isTrue, listAt, textAt, valueAt, verdict, type HealthVerdict } from './verdict.js';

export function assessJob(object: JsonObject): HealthVerdict {
  const failed = conditionOf(object, 'Failed');
  if (isTrue(failed)) return verdict('failed', failed.reason || 'JobFailed', failed.message || 'the job failed');
  if (isTrue(conditionOf(object, 'Complete'))) return healthy('Complete');
  // A job that was resumed keeps its Suspended condition, with status False.
  if (isTrue(conditionOf(object, 'Suspended')) || valueAt(object, 'spec', 'suspend') === true) {
    return verdict('suspended', 'Suspended', 'the job is suspended by spec.suspend');
  }
  return verdict('progressing', 'Running', 'the job has not completed');
}

export function assessCronJob(object: JsonObject): HealthVerdict {
  if (valueAt(object, 'spec', 'suspend') === true)
    return verdict('suspended', 'Suspended', 'it is suspended by spec.suspend');
  const scheduled = Date.parse(textAt(object, 'status', 'lastScheduleTime'));
  if (Number.isNaN(scheduled)) return healthy('NotRunYet');
  if (listAt(object, 'status', 'active').length > 0) return healthy('Running');
  const succeeded = Date.parse(textAt(object, 'status', 'lastSuccessfulTime'));
  if (!Number.isNaN(succeeded) && succeeded >= scheduled) return healthy('LastRunSucceeded');
  return verdict(
    'failed',
    'LastRunFailed',
    `the run of ${textAt(object, 'status', 'lastScheduleTime')} did not succeed`,
  );
}
