import { Command, Option } from 'commander';
import type { AuditView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { outputOption, positive, sinceTime, watchOption } from '../options.js';
import { exportAudit, verifyAudit } from './audit-chain.js';
import { age, render, type Output, type Shape } from '../print.js';
import { examples } from '../program.js';
import { watchList } from '../watch-list.js';

interface Options {
  readonly limit: number;
  readonly actor?: string;
  readonly act?: string;
  readonly object?: string;
  readonly since?: string;
  readonly until?: string;
  readonly output: Output;
  readonly watch?: boolean;
}

const shape: Shape<AuditView> = {
  name: ({ id }) => `audit/${id}`,
  shown: (item) => item,
  empty: 'Nothing was done.',
  columns: [
    { heading: 'AT', text: ({ at }) => at.replace(/\.\d+Z$/, 'Z') },
    { heading: 'AGO', text: ({ at }) => age(at), ticks: true },
    { heading: 'ACTOR', text: ({ actor }) => actor },
    { heading: 'ACT', text: ({ act }) => act },
    { heading: 'OBJECT', text: ({ object }) => object },
    { heading: 'REASON', text: ({ reason }) => reason ?? '' },
    { heading: 'DETAIL', text: ({ detail }) => (detail ? JSON.stringify(detail) : ''), wide: true },
  ],
};

export function audit(context: CliContext): Command {
  return new Command('audit')
    .description('Show who did what to what, and why; the newest last.')
    .addOption(new Option('--limit <count>', 'so many of the newest').argParser(positive).default(50))
    .option('--actor <name>', 'only of those whose name begins so, as token:ann or user:')
    .option('--act <word>', 'only what begins so, as rollout. or cluster.add')
    .option('--object <name>', 'only of what begins so, as Rollout/web')
    .addOption(new Option('--since <when>', 'from then on: 2h ago, or a time').argParser(sinceTime))
    .addOption(new Option('--until <when>', 'before then: 1h ago, or a time').argParser(sinceTime))
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla audit --limit 10', 'what happened lately?'],
        ['flotilla audit --object Rollout/web --since 2h', 'what did people do to the rollouts of web?'],
        ['flotilla audit --actor token:ci --act apply', 'what did one of them apply?'],
        ['flotilla audit -o json', 'with what was there before and after'],
        ['flotilla audit verify', 'was anything changed since it was written?'],
      ]),
    )
    .addCommand(verifyAudit(context))
    .addCommand(exportAudit(context))
    .action(async ({ limit, output, watch, since: from, until: to, ...begins }: Options, command: Command) => {
      await withHub(command, context, async (client) => {
        const read = async (): Promise<AuditView[]> =>
          (await client.all<AuditView>('/api/v1/audit', { ...begins, from, to }, limit)).reverse();
        if (watch) return watchList(client, context, read, { shape, output });
        context.out(render(await read(), output, shape, { colours: context.colours }));
      });
    });
}
