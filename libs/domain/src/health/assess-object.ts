import type { JsonObject } from '../json.js';
import { kindKeyOf, listAt, numberAt, textAt, valueAt } from './conditions.js';
import { KIND_RULES } from './kind-rules.js';
import { assessByConditions } from './other-kinds.js';
import { verdict, type HealthContext, type HealthVerdict } from './verdict.js';

/**
 * The health of one live object, bound to its generation: a status that its controller has not brought up to date is no
 * evidence. `null` is an object that is not there.
 */
export function assessObject(object: JsonObject | null, context: HealthContext = {}): HealthVerdict {
  if (object === null) return verdict('missing', 'Missing', 'it is not there');
  if (valueAt(object, 'metadata', 'deletionTimestamp') !== undefined) return terminating(object);
  const generation = numberAt(object, ['metadata', 'generation'], 0);
  if (context.generation !== undefined && generation < context.generation) {
    return verdict(
      'progressing',
      'Stale',
      `generation ${context.generation} was written, ${generation} is what is seen yet`,
    );
  }
  const kindRule = KIND_RULES[kindKeyOf(object)];
  const observed = valueAt(object, 'status', 'observedGeneration');
  // A higher one is of another life of the object, as a backup brings it.
  const isUnseen = typeof observed === 'number' ? observed !== generation : kindRule?.observed === true;
  if (isUnseen) return verdict('progressing', 'NotObserved', 'its controller has not seen the present generation yet');
  if (kindRule) return kindRule.assess(object, context);
  return context.rules?.(object) ?? assessByConditions(object);
}

/**
 * A word for the trouble that an object is in, the same for as long as it lasts, so that the agent can time it and pass
 * `sinceMs`; null: none of those that have a grace.
 */
export function troubleOf(object: JsonObject): string | null {
  return KIND_RULES[kindKeyOf(object)]?.trouble?.(object) ?? null;
}

/** Whether a kind, given as `group/Kind`, has rules of its own, before which an application's count for nothing. */
export function hasHealthRules(groupKind: string): boolean {
  return Object.hasOwn(KIND_RULES, groupKind);
}

function terminating(object: JsonObject): HealthVerdict {
  const finalizers = valueAt(object, 'metadata', 'finalizers');
  const names = Array.isArray(finalizers) ? finalizers.join(', ') : '';
  const conditions = valueAt(object, 'kind') === 'Namespace' ? namespaceTrouble(object) : '';
  const why = [names && `waits for ${names}`, conditions].filter((each) => each !== '').join('; ');
  return verdict('progressing', 'Terminating', `it is being deleted${why && `, ${why}`}`);
}

/** What a namespace's deletion waits for stands in its conditions, each of them True where it does. */
function namespaceTrouble(namespace: JsonObject): string {
  return listAt(namespace, 'status', 'conditions')
    .filter((each) => textAt(each, 'status') === 'True')
    .map((each) => textAt(each, 'message'))
    .join('; ');
}
