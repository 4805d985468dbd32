import type { EventsAnswer, LiveEvent, LiveRef } from '#contract';
import type { JsonObject } from '#domain';
import { messageOf } from '#kit';
import { mapAt, mapLimited, refKey, textAt } from '#kube';
import { cut } from '../report/compose-report.js';
import { AnswerBudget } from './answer-budget.js';
import { eachListed } from './each-listed.js';
import { growTree } from './grow-tree.js';
import { type AnswerInput, answerHead, truncatedBy } from './inspected.js';

/** Most events of an answer, the newest. */
const MOST_EVENTS = 1000;
/** Up to so many objects of a namespace, each is asked for its own events. */
const FEW = 2;
const AT_ONCE = 3;
/** Where the events of what belongs to no namespace are. */
const CLUSTER_EVENTS = 'default';

/** Kubernetes' own events of an application's objects and of what they own, the oldest first. */
export async function answerEvents(input: AnswerInput): Promise<EventsAnswer> {
  const { roots, uids, notes } = await growTree(input);
  const objects = new Map<string, LiveRef>(uids);
  for (const root of roots) objects.set(refKey(root), root);
  const refs = [...new Map([...objects.values()].map((ref) => [refKey(ref), ref])).values()];
  const collected = new NewestEvents();
  const left = [...notes];
  await mapLimited(
    listsFor(refs),
    async ({ namespace, fieldSelector }) => {
      const query: Record<string, string> = fieldSelector === undefined ? {} : { fieldSelector };
      try {
        await eachListed(input.kube, `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`, query, (event) => {
          const about = aboutOf(event, objects);
          if (about !== undefined)
            collected.add(textAt(mapAt(event, 'metadata'), 'uid'), toLiveEvent(event, about, input));
        });
      } catch (error) {
        left.push(`events in ${namespace} could not be read: ${input.inspected.mask.hide(messageOf(error, 1000))}`);
      }
    },
    AT_ONCE,
  );
  const events = collected.take();
  if (collected.dropped > 0) left.unshift(`${collected.dropped} older events were left out`);
  return { ...answerHead(input.inspected), ...truncatedBy(left), events };
}

interface EventList {
  readonly namespace: string;
  /** Absent: all of the namespace. */
  readonly fieldSelector?: string;
}

/** The fewest lists that have all of the events. */
function listsFor(refs: readonly LiveRef[]): readonly EventList[] {
  const byNamespace = new Map<string, LiveRef[]>();
  for (const ref of refs) {
    const namespace = ref.namespace ?? CLUSTER_EVENTS;
    const present = byNamespace.get(namespace);
    if (present === undefined) byNamespace.set(namespace, [ref]);
    else present.push(ref);
  }
  return [...byNamespace].flatMap(([namespace, inside]) =>
    inside.length > FEW
      ? [{ namespace }]
      : inside.map(({ kind, name }) => ({
          namespace,
          fieldSelector: `involvedObject.kind=${kind},involvedObject.name=${name}`,
        })),
  );
}

/** The object of the tree that an event is about; undefined: none of them. */
function aboutOf(event: JsonObject, objects: ReadonlyMap<string, LiveRef>): LiveRef | undefined {
  const involved = mapAt(event, 'involvedObject');
  const byUid = objects.get(textAt(involved, 'uid'));
  if (byUid !== undefined) return byUid;
  const namespace = textAt(involved, 'namespace');
  return objects.get(
    refKey({
      apiVersion: textAt(involved, 'apiVersion'),
      kind: textAt(involved, 'kind'),
      ...(namespace !== '' && { namespace }),
      name: textAt(involved, 'name'),
    }),
  );
}

function toLiveEvent(event: JsonObject, about: LiveRef, { inspected: { mask } }: AnswerInput): LiveEvent {
  const { apiVersion, kind, namespace, name } = about;
  const series = mapAt(event, 'series');
  const created = textAt(mapAt(event, 'metadata'), 'creationTimestamp');
  const at = textAt(event, 'eventTime') || created;
  const count = [series['count'], event['count']].find((each) => typeof each === 'number' && each >= 1);
  return {
    about: { apiVersion, kind, ...(namespace !== undefined && { namespace }), name },
    type: cut(textAt(event, 'type'), 32),
    reason: cut(mask.hide(textAt(event, 'reason')), 128),
    message: cut(mask.hide(textAt(event, 'message')), 1024),
    count: typeof count === 'number' ? Math.floor(count) : 1,
    firstAt: cut(textAt(event, 'firstTimestamp') || at, 40),
    lastAt: cut(textAt(series, 'lastObservedTime') || textAt(event, 'lastTimestamp') || at, 40),
    source: cut(textAt(mapAt(event, 'source'), 'component') || textAt(event, 'reportingComponent'), 253),
  };
}

/** Keeps the newest of whatever comes, so that a namespace full of events is never in memory whole. */
class NewestEvents {
  dropped = 0;
  private readonly uids = new Set<string>();
  private events: LiveEvent[] = [];

  /** One that came before is passed over. */
  add(uid: string, event: LiveEvent): void {
    if (this.uids.has(uid)) return;
    this.uids.add(uid);
    this.events.push(event);
    if (this.events.length >= 2 * MOST_EVENTS) this.keepNewest();
  }

  /** The oldest first. */
  take(): LiveEvent[] {
    this.keepNewest();
    const budget = new AnswerBudget(MOST_EVENTS);
    const fitting = this.events.filter((event) => budget.take(event));
    this.dropped += budget.droppedItems;
    return fitting.reverse();
  }

  private keepNewest(): void {
    this.events.sort((a, b) => timeOf(b.lastAt) - timeOf(a.lastAt));
    this.dropped += Math.max(0, this.events.length - MOST_EVENTS);
    this.events = this.events.slice(0, MOST_EVENTS);
  }
}

/** Some times have fractions of a second and some have none. */
function timeOf(text: string): number {
  return Date.parse(text) || 0;
}
