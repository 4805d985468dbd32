import { Command } from 'commander';
import type { EventsView, LiveEvent } from '#contract';
import { askCluster, caveatOf, objectText, readPlace } from '../ask-cluster.js';
import { withHub, type CliContext } from '../context.js';
import { answerOption, watchOption } from '../options.js';
import { age, table, type Column } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

export function events(context: CliContext): Command {
  return new Command('events')
    .description(
      "Show Kubernetes' own events of an application's objects in a cluster and of what they own, the oldest first. " +
        "The cluster's agent is asked; one that is offline can't answer. What Flotilla did stands in `get events`.",
    )
    .argument('<place>', 'CLUSTER/APPLICATION')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla events eu-1/web', 'what did Kubernetes say?'],
        ['flotilla events eu-1/web -o json', 'with sources and times'],
        ['flotilla get events --cluster eu-1', 'what Flotilla itself did there'],
      ]),
    )
    .action(async (word: string, options: WatchOptions, command: Command) => {
      const place = readPlace(word);
      await withHub(command, context, async (client) => {
        const read = (): ReturnType<typeof askCluster<'events'>> => askCluster(client, 'events', place);
        const view = await showAnswer(client, context, options, { read, text: eventsText });
        const caveat = view === null ? null : caveatOf(view);
        if (caveat !== null) context.error(caveat);
      });
    });
}

const columns: readonly Column<LiveEvent>[] = [
  { heading: 'LAST SEEN', text: ({ lastAt }) => age(lastAt) },
  { heading: 'TYPE', text: ({ type }) => type, tone: ({ type }) => (type === 'Normal' ? undefined : 'busy') },
  { heading: 'REASON', text: ({ reason }) => reason },
  { heading: 'OBJECT', text: ({ about }) => objectText(about) },
  { heading: 'TIMES', text: ({ count }) => String(count) },
  { heading: 'MESSAGE', text: ({ message }) => message },
];

export function eventsText({ application, cluster, events: list }: EventsView, colours: boolean): string {
  if (list.length === 0) return `No events of ${application} in ${cluster}; Kubernetes keeps them for an hour.\n`;
  return table(list, columns, { colours });
}
