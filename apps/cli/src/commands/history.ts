import { Command, Option } from 'commander';
import type { HistoryLine, RolloutView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { part } from '../listings/listing.js';
import { watchOption } from '../options.js';
import { plain } from '../print.js';
import { examples } from '../program.js';
import { bare, ROLLOUT_ARGUMENT } from '../steer.js';
import { eventsAfter, lastEventId } from '../watch-events.js';

interface Options {
  readonly output: 'text' | 'jsonl';
  readonly watch?: boolean;
}

export function history(context: CliContext): Command {
  return new Command('history')
    .description('Tell everything that happened in a rollout, oldest first. The history is only ever added to.')
    .argument('<rollout>', ROLLOUT_ARGUMENT)
    .addOption(new Option('-o, --output <form>', 'text, or JSON lines').choices(['text', 'jsonl']).default('text'))
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla rollout history web-12', 'what happened?'],
        ['flotilla rollout history web --watch', 'and what happens from now on'],
        ['flotilla rollout history web-12 -o jsonl > web-12.jsonl', 'keep it'],
      ]),
    )
    .action(async (of: string, { output, watch }: Options, self: Command) => {
      const tell = (line: HistoryLine): void =>
        context.out(output === 'jsonl' ? `${JSON.stringify(line)}\n` : historyText(line));
      await withHub(self, context, async (client) => {
        if (watch) return watchHistory(client, context, bare(of), tell);
        for await (const line of historyOf(client, bare(of))) tell(line);
      });
    });
}

async function* historyOf(client: HubClient, id: string): AsyncGenerator<HistoryLine> {
  for await (const line of client.lines(`/api/v1/rollouts/${part(id)}/history`)) yield JSON.parse(line) as HistoryLine;
}

/** What happened, then each thing as it happens, until Ctrl-C; of an application's newest rollout, not of one that comes after it. */
async function watchHistory(
  client: HubClient,
  context: CliContext,
  of: string,
  tell: (line: HistoryLine) => void,
): Promise<void> {
  const signal = context.interrupted();
  const { id } = await client.get<RolloutView>(`/api/v1/rollouts/${part(of)}`);
  // First where the stream begins: what happens while the history is read comes twice, and is told once.
  const from = await lastEventId(client);
  let told = 0;
  for await (const line of historyOf(client, id)) {
    told = line.seq;
    tell(line);
  }
  for await (const { id: _id, application: _application, ...event } of eventsAfter(client, context, from, signal)) {
    if (event.rollout !== id || event.seq <= told) continue;
    told = event.seq;
    tell({ ...event, rollout: id });
  }
}

export function historyText({ at, event, message, actor, reason }: HistoryLine): string {
  const who = actor === undefined ? '' : ` (${actor}${reason === undefined ? '' : `: ${plain(reason)}`})`;
  return `${at}  ${event.padEnd(14)} ${plain(message)}${plain(who) === '' ? '' : ` ${plain(who)}`}\n`;
}
