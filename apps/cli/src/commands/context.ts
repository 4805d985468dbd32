import { Command } from 'commander';
import type { CliContext } from '../context.js';
import { contextNamed, readContexts, withoutContext, writeContexts, type HubContext } from '../contexts.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { printAnswer, table } from '../print.js';
import { examples } from '../program.js';

export function contextVerb(context: CliContext): Command {
  return new Command('context')
    .description('Show the hubs that you signed in at, choose the one in force, forget one.')
    .addHelpText(
      'after',
      examples([
        ['flotilla context list', 'where am I signed in?'],
        ['flotilla context use prod', 'commands go there from now on'],
      ]),
    )
    .addCommand(list(context))
    .addCommand(use(context))
    .addCommand(remove(context));
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List them; * is the one in force. Never their tokens.')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla context list', 'all hubs that are known here']]))
    .action(({ output }: AnswerOptions) => {
      const known = readContexts(context.env);
      const items = known.contexts.map(({ name, url, actor, expiresAt }) => ({
        name,
        url,
        actor,
        ...(expiresAt !== null && { expiresAt }),
        current: name === known.current,
      }));
      const text = items.length === 0 ? 'No contexts: `flotilla login URL` makes one.\n' : table(items, COLUMNS);
      printAnswer(context, output, { items }, text);
    });
}

type Item = Pick<HubContext, 'name' | 'url' | 'actor'> & { readonly expiresAt?: string; readonly current: boolean };
const COLUMNS = [
  { heading: 'IN FORCE', text: ({ current }: Item) => (current ? '*' : '') },
  { heading: 'NAME', text: ({ name }: Item) => name },
  { heading: 'HUB', text: ({ url }: Item) => url },
  { heading: 'AS', text: ({ actor }: Item) => actor },
  { heading: 'UNTIL', text: ({ expiresAt }: Item) => expiresAt ?? '' },
];

function use(context: CliContext): Command {
  return new Command('use')
    .description('Let commands go to that hub unless told otherwise.')
    .argument('<name>', 'of `flotilla context list`')
    .addHelpText('after', examples([['flotilla context use prod', 'commands go there from now on']]))
    .action(async (name: string) => {
      const known = readContexts(context.env);
      const { url, actor } = contextNamed(known, name);
      await writeContexts(context.env, { ...known, current: name });
      context.out(`Commands go to ${url} as ${actor}.\n`);
    });
}

function remove(context: CliContext): Command {
  return new Command('delete')
    .description('Forget one. A session goes on at its hub: `flotilla logout` ends it as well.')
    .argument('<name>', 'of `flotilla context list`')
    .addHelpText('after', examples([['flotilla context delete old', 'forget a hub that is no more']]))
    .action(async (name: string) => {
      const known = readContexts(context.env);
      const { url } = contextNamed(known, name);
      await writeContexts(context.env, withoutContext(known, name));
      context.out(`${name} (${url}) is forgotten.\n`);
    });
}
