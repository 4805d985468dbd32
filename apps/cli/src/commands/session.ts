import { Command } from 'commander';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { sessions } from '../listings/sessions.js';
import { outputOption, watchOption } from '../options.js';
import { examples } from '../program.js';
import { showList, type ListOptions } from '../watch-list.js';

export function session(context: CliContext): Command {
  return new Command('session')
    .description('Show who is signed in, and end a session.')
    .addHelpText('after', examples([['flotilla session list', 'who is signed in, and where']]))
    .addCommand(list(context))
    .addCommand(end(context));
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List sessions of browsers and command lines, newest first.')
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla session list -o wide', 'who is signed in?']]))
    .action(async (options: ListOptions, command: Command) => {
      await withHub(command, context, (client) => showList(client, context, sessions, options));
    });
}

function end(context: CliContext): Command {
  return new Command('end')
    .description('End a session, with the browsers that were opened from it.')
    .argument('<id>', 'of `flotilla session list`')
    .addHelpText(
      'after',
      examples([['flotilla session end 01980c6e-7a52-7cc5-9f3b-7f1f2a9d6c11', 'out within seconds']]),
    )
    .action(async (id: string, _options: object, command: Command) => {
      await withHub(command, context, async (client) => {
        await client.delete(`/api/v1/sessions/${part(id)}`);
        context.out(`session/${id} ended\n`);
      });
    });
}
