import { Command, Option } from 'commander';
import { type WebhookAnswer, type WebhookProvider, WEBHOOK_PROVIDERS } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { webhooks } from '../listings/webhooks.js';
import { answerOption, type AnswerOptions, outputOption, reasonOption, watchOption } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { showList, type ListOptions } from '../watch-list.js';

export function webhook(context: CliContext): Command {
  return new Command('webhook')
    .description(
      'Let Git hosts tell the hub of pushes, so that sources are looked at within a second instead of at their interval. One webhook serves any number of repositories.',
    )
    .addHelpText(
      'after',
      examples([
        ['flotilla webhook add acme --provider github', 'prints the address and the secret'],
        ['flotilla webhook list', 'which were heard of, and when?'],
      ]),
    )
    .addCommand(add(context))
    .addCommand(rotate(context))
    .addCommand(list(context))
    .addCommand(remove(context));
}

interface AddOptions extends AnswerOptions {
  readonly provider: WebhookProvider;
  readonly reason?: string;
}

function add(context: CliContext): Command {
  return new Command('add')
    .description('Make a webhook and print what the Git host is to be told. The secret is shown this once.')
    .argument('<name>', 'what it is called')
    .addOption(new Option('--provider <host>', 'who tells').choices([...WEBHOOK_PROVIDERS]).makeOptionMandatory())
    .addOption(reasonOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla webhook add acme --provider gitlab', 'for a group or a project'],
        ['flotilla webhook add ci --provider generic -o json', 'for a pipeline of your own'],
      ]),
    )
    .action(async (name: string, { provider, reason, output }: AddOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const body = { name, provider, ...(reason !== undefined && { reason }) };
        const answer = await client.post<WebhookAnswer>('/api/v1/webhooks', body);
        printAnswer(context, output, answer, settingsText(answer, `webhook/${name} made`));
      });
    });
}

function rotate(context: CliContext): Command {
  return new Command('rotate')
    .description('Give a webhook a new secret; the one before ends at once.')
    .argument('<name>', 'name of the webhook')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla webhook rotate acme', 'when the secret may have been seen']]))
    .action(async (name: string, { output }: AnswerOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const answer = await client.post<WebhookAnswer>(`/api/v1/webhooks/${part(name)}/secret`);
        printAnswer(context, output, answer, settingsText(answer, `webhook/${name} has a new secret`));
      });
    });
}

/** What the settings of the Git host are to be. */
const SETTINGS: Readonly<Record<WebhookProvider, string>> = {
  github: 'content type application/json; the push event; tags are pushes too',
  gitlab: 'triggers: push events, tag push events; the secret is the secret token',
  gitea: 'content type application/json; the push event',
  bitbucket: 'triggers: repository push',
  generic:
    'POST {"repository": URL, "ref": "main"} with the header x-flotilla-signature: t=SECONDS,v1=HEX, the HMAC-SHA256 of "SECONDS.BODY" by the secret',
};

export function settingsText({ webhook: view, secret }: WebhookAnswer, what: string): string {
  return [
    `${what}. Tell ${view.provider === 'generic' ? 'whoever pushes' : view.provider}:`,
    '',
    `  URL     ${view.url}`,
    `  Secret  ${secret}`,
    '',
    `${SETTINGS[view.provider]}. The secret is shown this once.`,
    '',
  ].join('\n');
}

function list(context: CliContext): Command {
  return new Command('list')
    .description('List webhooks and when they were last heard. Never their secrets.')
    .addOption(outputOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla webhook list', 'do they come through?']]))
    .action(async (options: ListOptions, command: Command) => {
      await withHub(command, context, (client) => showList(client, context, webhooks, options));
    });
}

function remove(context: CliContext): Command {
  return new Command('delete')
    .description('Delete a webhook: what its host tells is refused from now on.')
    .argument('<name>', 'name of the webhook')
    .addHelpText('after', examples([['flotilla webhook delete acme', 'listen no more']]))
    .action(async (name: string, _options: object, command: Command) => {
      await withHub(command, context, (client) => client.delete(`/api/v1/webhooks/${part(name)}`));
      context.out(`webhook/${name} deleted\n`);
    });
}
