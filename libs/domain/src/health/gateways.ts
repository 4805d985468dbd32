import type { JsonObject } from '../json.js';
import { type Condition, conditionIn, isFalse, isTrue, listAt, numberAt, textAt } from './conditions.js';
import { REFERENCE_GRACE_MS } from './graces.js';
import { healthy, verdict, worstOf, type HealthContext, type HealthVerdict } from './verdict.js';

/** What nobody mends by waiting: the object itself is at fault. */
const HOPELESS = new Set(['Invalid', 'InvalidParameters', 'UnsupportedAddress', 'UnsupportedProtocol', 'Unsupported']);

/** A place in a Gateway API object's status that has conditions of its own: itself, a listener, a route's parent. */
interface Place {
  readonly title: string;
  readonly conditions: readonly JsonObject[];
}

const listeners = (object: JsonObject): readonly Place[] =>
  listAt(object, 'status', 'listeners').map((each) => placeAt(each, `listener ${textAt(each, 'name')}`));
const parents = (object: JsonObject): readonly Place[] =>
  listAt(object, 'status', 'parents').map((each) => placeAt(each, `parent ${textAt(each, 'parentRef', 'name')}`));
const ancestors = (object: JsonObject): readonly Place[] =>
  listAt(object, 'status', 'ancestors').map((each) => placeAt(each, `ancestor ${textAt(each, 'ancestorRef', 'name')}`));

export function assessGatewayClass(object: JsonObject, context: HealthContext): HealthVerdict {
  return assessPlaces(object, own(object), context, 'Accepted');
}

/** Its listeners speak for it too. */
export function assessGateway(object: JsonObject, context: HealthContext): HealthVerdict {
  return assessPlaces(object, [...own(object), ...listeners(object)], context, 'Programmed');
}

/** HTTPRoute and its siblings: each gateway that took it up has accepted it and found what it points to. */
export function assessRoute(object: JsonObject, context: HealthContext): HealthVerdict {
  if (listAt(object, 'spec', 'parentRefs').length === 0) return healthy('Detached', 'it names no parent');
  return assessPlaces(object, parents(object), context, 'Accepted');
}

export function assessPolicy(object: JsonObject, context: HealthContext): HealthVerdict {
  return assessPlaces(object, ancestors(object), context, 'Accepted');
}

/** Whether it is refused for what it points to, which may come a moment later. */
export function lacksReferences(object: JsonObject): boolean {
  const generation = numberAt(object, ['metadata', 'generation'], 0);
  const places = [...own(object), ...listeners(object), ...parents(object), ...ancestors(object)];
  return places.some((place) => refusalOf(place, generation) !== undefined);
}

function assessPlaces(
  object: JsonObject,
  places: readonly Place[],
  context: HealthContext,
  goal: string,
): HealthVerdict {
  const generation = numberAt(object, ['metadata', 'generation'], 0);
  const verdicts = places.map((place) => assessPlace(place, generation, goal, context.sinceMs ?? 0));
  return worstOf(verdicts) ?? verdict('progressing', 'Pending', 'no controller has taken it up yet');
}

function assessPlace(place: Place, generation: number, goal: string, sinceMs: number): HealthVerdict {
  const refusal = refusalOf(place, generation);
  if (refusal) {
    const isLost = HOPELESS.has(refusal.reason) || sinceMs >= REFERENCE_GRACE_MS;
    return verdict(isLost ? 'failed' : 'progressing', refusal.reason || 'NotAccepted', said(place, refusal));
  }
  const reached = conditionIn(place.conditions, goal, generation);
  if (isTrue(reached)) return healthy(goal);
  if (reached === undefined) {
    const message = said(place, { message: 'no controller has looked at its present generation yet' });
    return verdict('progressing', 'Pending', message);
  }
  return verdict('progressing', reached.reason || 'Pending', said(place, reached));
}

function refusalOf(place: Place, generation: number): Condition | undefined {
  for (const type of ['Accepted', 'ResolvedRefs', 'Programmed']) {
    const condition = conditionIn(place.conditions, type, generation);
    if (!isFalse(condition) || condition.reason === 'Pending') continue;
    // A gateway that is not programmed yet is being worked on, unless it says that it is at fault itself.
    if (type !== 'Programmed' || HOPELESS.has(condition.reason)) return condition;
  }
  return undefined;
}

function own(object: JsonObject): readonly Place[] {
  const conditions = listAt(object, 'status', 'conditions');
  return conditions.length === 0 ? [] : [{ title: '', conditions }];
}

function placeAt(status: JsonObject, title: string): Place {
  return { title, conditions: listAt(status, 'conditions') };
}

function said(place: Place, { message }: Pick<Condition, 'message'>): string {
  return place.title === '' ? message : `${place.title}: ${message}`;
}
