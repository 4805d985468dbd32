import { Command } from 'commander';
import type { SessionLinkAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { examples } from '../program.js';

export function open(context: CliContext): Command {
  return new Command('open')
    .description('Open the hub in the browser, signed in as you are here. The address works once, within a minute.')
    .option('--print', 'only print the address')
    .addHelpText(
      'after',
      examples([
        ['flotilla open', 'the hub in the browser'],
        ['flotilla open --print', 'from a machine without one: whoever opens it first is you'],
      ]),
    )
    .action(async ({ print }: { readonly print?: true }, command: Command) => {
      await withHub(command, context, async (client) => {
        const { url } = await client.post<SessionLinkAnswer>('/api/v1/sessions/link');
        if (print !== true && (await context.openBrowser(url))) context.out(`${client.url} is open in the browser.\n`);
        else context.out(`${url}\n`);
      });
    });
}
