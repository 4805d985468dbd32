import type { EventView } from '#contract';
import { RetryableError } from '#kit';
import type { CliContext } from './context.js';
import { pause } from './follow.js';
import type { HubClient } from './hub-client.js';
import { events } from './listings/events.js';
import type { Filters } from './listings/listing.js';
import type { Output } from './print.js';
import { Changes } from './watch-list.js';

/** The newest events, then each one as it happens, until Ctrl-C. None is lost over a connection that is cut. */
export async function watchEvents(
  client: HubClient,
  context: CliContext,
  filters: Filters,
  output: Output,
): Promise<void> {
  const signal = context.interrupted();
  const shape = { ...events, columns: events.columns.filter(({ ticks }) => !ticks) };
  const changes = new Changes(shape, output);
  // First where the stream begins, then what was before: an event between the two comes twice, and is told once.
  const last = await lastEventId(client);
  const before = await events.list(client, filters);
  let told = before.at(-1)?.id ?? 0;
  context.out(changes.append(before));
  for await (const event of eventsAfter(client, context, last, signal)) {
    if (event.id <= told || !matches(event, filters)) continue;
    told = event.id;
    context.out(changes.append([event]));
  }
}

/** The id that the stream of events is at now; 0: there are none yet. */
export async function lastEventId(client: HubClient): Promise<number> {
  return (await events.list(client, { limit: 1 }))[0]?.id ?? 0;
}

/** Each event after that id as it happens, over as many connections as it takes, until the signal. */
export async function* eventsAfter(
  client: HubClient,
  context: CliContext,
  id: number,
  signal: AbortSignal,
): AsyncGenerator<EventView> {
  let last = id;
  let away = false;
  while (!signal.aborted) {
    try {
      for await (const event of client.events<EventView>(String(last), signal)) {
        if (away) context.error('The hub answers again.\n');
        away = false;
        if (event === null) continue;
        last = event.data.id;
        yield event.data;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RetryableError)) throw error;
      if (!away) context.error(`${error.message} Trying again.\n`);
      away = true;
    }
    await pause(2000, signal);
  }
}

function matches(event: EventView, { application, rollout, cluster, actor, since, until }: Filters): boolean {
  const at = Date.parse(event.at);
  return (
    (application === undefined || event.application === application) &&
    (rollout === undefined || event.rollout === rollout) &&
    (cluster === undefined || event.cluster === cluster) &&
    (actor === undefined || (event.actor ?? '').startsWith(actor)) &&
    (since === undefined || at >= Date.parse(since)) &&
    (until === undefined || at < Date.parse(until))
  );
}
