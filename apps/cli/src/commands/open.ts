import { Command } from 'commander';
import type { SessionLinkAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { examples } from '../program.js';

export function open(context: CliContext): Command {
  return new Command('open')
    .description('Open the hub in the browser, signed in as you are here. The address works once, within a minute.')
    .argument('[page]', 'where in it to begin, such as rollouts/web-12')
    .option('--print', 'only print the address')
    .addHelpText(
      'after',
      examples([
        ['flotilla open', 'the hub in the browser'],
        ['flotilla open rollouts/web-12', 'that rollout'],
        ['flotilla open --print', 'from a machine without one: whoever opens it first is you'],
      ]),
    )
    .action(async (page: string | undefined, { print }: { readonly print?: true }, command: Command) => {
      await withHub(command, context, async (client) => {
        const { url: link } = await client.post<SessionLinkAnswer>('/api/v1/sessions/link');
        const url = page === undefined ? link : `${link}?${new URLSearchParams({ return: pathOf(page) }).toString()}`;
        if (print !== true && (await context.openBrowser(url))) context.out(`${client.url} is open in the browser.\n`);
        else context.out(`${url}\n`);
      });
    });
}

/** A path, however it was written: `rollouts/web-12`, or copied from the browser's address. */
function pathOf(page: string): string {
  return page.replace(/^https?:\/\/[^/]+/, '').replace(/^\/*/, '/');
}
