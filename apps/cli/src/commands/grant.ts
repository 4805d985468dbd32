import { Command, Option } from 'commander';
import type { GrantAnswer } from '#contract';
import { RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import { grants } from '../listings/grants.js';
import { part } from '../listings/listing.js';
import { answerOption, type AnswerOptions, outputOption, reasonOption, watchOption } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { applicationsOption, boundsText, clustersOption, scopeField, type ScopeOptions } from '../scope-options.js';
import { showList, type ListOptions } from '../watch-list.js';

export function grant(context: CliContext): Command {
  return new Command('grant')
    .description(
      'Say what people who sign in may do, and where. Somebody may do what any grant of theirs allows; who has none may do nothing. Tokens have a role and bounds of their own.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla grant set admins --group platform --role admin', 'everything, everywhere'],
        [
          "flotilla grant set shop --group shop --role operator --applications 'shop,shop-*'",
          "a team's own applications",
        ],
        ['flotilla grant list', 'who may do what?'],
      ]),
    )
    .addCommand(set(context))
    .addCommand(list(context))
    .addCommand(remove(context));
}

interface SetOptions extends AnswerOptions, ScopeOptions {
  readonly user?: string;
  readonly group?: string;
  readonly role: string;
  readonly reason?: string;
}

function set(context: CliContext): Command {
  return new Command('set')
    .description(
      'Make a grant, or replace all of the one of that name. It counts within seconds, also for who is signed in.',
    )
    .argument('<name>', 'what it is called')
    .addOption(new Option('--user <user>', 'for one person, by address or subject').conflicts('group'))
    .addOption(new Option('--group <group>', 'for a group, as the identity provider names it'))
    .addOption(
      new Option('--role <role>', 'what they may do')
        .choices(['viewer', 'approver', 'operator', 'admin'])
        .makeOptionMandatory(),
    )
    .addOption(clustersOption())
    .addOption(applicationsOption())
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla grant set ann --user ann@example.com --role approver', 'one person, everywhere'],
        ['flotilla grant set eu --group sre-eu --role operator --clusters region=eu', 'a group, on some clusters'],
        [
          "flotilla grant set pay --group pay --role operator --clusters 'env in (dev,test)' --applications 'pay-*'",
          'both must hold',
        ],
      ]),
    )
    .action(async (name: string, options: SetOptions, command: Command) => {
      const { role, reason, output } = options;
      const body = {
        subject: subjectOf(options),
        role,
        ...scopeField(options),
        ...(reason !== undefined && { reason }),
      };
      await withHub(command, context, async (client) => {
        const answer = await client.put<GrantAnswer>(`/api/v1/grants/${part(name)}`, body);
        const { result, grant: made } = answer;
        const whom = `${made.subject.kind} ${made.subject.value}`;
        printAnswer(context, output, answer, `grant/${name} ${result}: ${whom} is ${role}${boundsText(made.scope)}\n`);
      });
    });
}

function subjectOf({ user, group }: SetOptions): { readonly kind: 'user' | 'group'; readonly value: string } {
  if (user !== undefined) return { kind: 'user', value: user };
  if (group !== undefined) return { kind: 'group', value: group };
  throw new RejectedError('bad-option', 'Say for whom: --user ADDRESS or --group GROUP.');
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List grants: for whom, which role, where.')
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla grant list -o wide', 'who may do what, and who said so?']]))
    .action(async (options: ListOptions, command: Command) => {
      await withHub(command, context, (client) => showList(client, context, grants, options));
    });
}

function remove(context: CliContext): Command {
  return new Command('delete')
    .description('Take a grant back. It ends within seconds, also for who is signed in.')
    .argument('<name>', 'name of the grant')
    .addHelpText('after', examples([['flotilla grant delete shop', 'its people keep what other grants allow']]))
    .action(async (name: string, _options: object, command: Command) => {
      await withHub(command, context, (client) => client.delete(`/api/v1/grants/${part(name)}`));
      context.out(`grant/${name} deleted\n`);
    });
}
