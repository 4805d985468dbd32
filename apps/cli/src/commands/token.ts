import { Command, Option } from 'commander';
import type { CreateTokenAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { tokens } from '../listings/tokens.js';
import { answerOption, type AnswerOptions, outputOption, watchOption } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { applicationsOption, boundsText, clustersOption, scopeField, type ScopeOptions } from '../scope-options.js';
import { showList, type ListOptions } from '../watch-list.js';

export function token(context: CliContext): Command {
  return new Command('token')
    .description(
      'Make, list and revoke API tokens. Each has a name and a role: viewer, approver, operator or admin, everywhere or on some clusters and applications.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla token create ci --role operator --ttl 90d', 'one for a pipeline'],
        ['flotilla token revoke ci', 'it ends within seconds'],
      ]),
    )
    .addCommand(create(context))
    .addCommand(list(context))
    .addCommand(revoke(context));
}

interface CreateOptions extends AnswerOptions, ScopeOptions {
  readonly role: string;
  readonly email?: string;
  readonly ttl?: string;
}

function create(context: CliContext): Command {
  return new Command('create')
    .description(
      'Make a token and print it: this once, nobody can show it again. Only the token goes to standard output.',
    )
    .argument('<name>', 'what it is called in the history')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'approver', 'operator', 'admin'])
        .makeOptionMandatory(),
    )
    .addOption(clustersOption())
    .addOption(applicationsOption())
    .option('--email <address>', 'whose it is')
    .option('--ttl <duration>', 'how long it lives, such as 90d; else until it is revoked')
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla token create anna --role approver --email anna@example.com', 'for a person'],
        ['FLOTILLA_TOKEN=$(flotilla token create ci --role operator)', 'in a script'],
        [
          "flotilla token create shop --role operator --clusters env=dev --applications 'shop,shop-*'",
          'kept to some clusters and applications',
        ],
      ]),
    )
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const { role, email, ttl, output } = options;
      await withHub(command, context, async (client) => {
        const body = {
          name,
          role,
          ...scopeField(options),
          ...(email !== undefined && { email }),
          ...(ttl !== undefined && { ttl }),
        };
        const answer = await client.post<CreateTokenAnswer>('/api/v1/tokens', body);
        printAnswer(context, output, answer, `${answer.token}\n`);
        if (output !== 'text') return;
        const until = answer.view.expiresAt === undefined ? 'until it is revoked' : `until ${answer.view.expiresAt}`;
        context.error(
          `token/${name} created with the role ${role}${boundsText(answer.view.scope)}, good ${until}. It is shown this once: use it as FLOTILLA_TOKEN.\n`,
        );
      });
    });
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List tokens: names, roles, bounds, when they were used. Never the tokens themselves.')
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla token list -o wide', 'who can get in?']]))
    .action(async (options: ListOptions, command: Command) => {
      await withHub(command, context, (client) => showList(client, context, tokens, options));
    });
}

function revoke(context: CliContext): Command {
  return new Command('revoke')
    .description('End a token. The last admin token without an end and without bounds cannot be ended.')
    .argument('<name>', 'name or id of the token')
    .addHelpText('after', examples([['flotilla token revoke ci', 'end it']]))
    .action(async (name: string, _options: object, command: Command) => {
      await withHub(command, context, async (client) => {
        await client.delete(`/api/v1/tokens/${part(name)}`);
        context.out(`token/${name} revoked\n`);
      });
    });
}
