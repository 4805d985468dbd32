import { Command, Option } from 'commander';
import type { AuditView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { outputOption, positive, watchOption } from '../options.js';
import { exportAudit, verifyAudit } from './audit-chain.js';
import { age, render, type Output, type Shape } from '../print.js';
import { examples } from '../program.js';
import { watchList } from '../watch-list.js';

interface Options {
  readonly limit: number;
  readonly output: Output;
  readonly watch?: boolean;
}

const shape: Shape<AuditView> = {
  name: ({ id }) => `audit/${id}`,
  shown: (item) => item,
  empty: 'Nothing was done yet.',
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
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla audit --limit 10', 'what happened lately?'],
        ['flotilla audit -o json', 'with what was there before and after'],
        ['flotilla audit verify', 'was anything changed since it was written?'],
      ]),
    )
    .addCommand(verifyAudit(context))
    .addCommand(exportAudit(context))
    .action(async ({ limit, output, watch }: Options, command: Command) => {
      await withHub(command, context, async (client) => {
        const read = async (): Promise<AuditView[]> =>
          (await client.all<AuditView>('/api/v1/audit', {}, limit)).reverse();
        if (watch) return watchList(client, context, read, { shape, output });
        context.out(render(await read(), output, shape, { colours: context.colours }));
      });
    });
}
