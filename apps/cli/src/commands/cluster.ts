import { Command, InvalidArgumentError, Option } from 'commander';
import {
  agentNamespacesTextSchema,
  splitNamespaces,
  type ClusterView,
  type RegisterAnswer,
  type RemoveAnswer,
} from '#contract';
import { formatDuration, parseDuration } from '#domain';
import { RejectedError } from '#kit';
import { confirm } from '../confirm.js';
import { withHub, type CliContext } from '../context.js';
import { hold, unhold } from './cluster-hold.js';
import { applyLabelChanges, readLabelChanges } from '../label-changes.js';
import { part } from '../listings/listing.js';
import { answerOption, repeatedly, type AnswerOptions } from '../options.js';
import { age, labelText, printAnswer } from '../print.js';
import { examples } from '../program.js';

export function cluster(context: CliContext): Command {
  return new Command('cluster')
    .description('Register clusters, label them, hold them, take them out. `flotilla get clusters` lists them.')
    .addHelpText(
      'after',
      examples([
        ['flotilla cluster add eu-1 --label env=prod', 'register; prints the line to run there'],
        ['flotilla cluster label eu-1 env=dev team-', 'set one label, take one away'],
      ]),
    )
    .addCommand(add(context))
    .addCommand(token(context))
    .addCommand(label(context))
    .addCommand(hold(context))
    .addCommand(unhold(context))
    .addCommand(remove(context));
}

interface AddOptions extends AnswerOptions {
  readonly label: string[];
  readonly ttl: string;
  readonly namespaces?: readonly string[];
}

interface TokenOptions extends AnswerOptions {
  readonly namespaces?: readonly string[];
  readonly clusterWide?: boolean;
}

function add(context: CliContext): Command {
  return new Command('add')
    .description(
      'Register a cluster and print the one line that installs its agent. The token in it is shown this once.',
    )
    .argument('<name>', 'name of the cluster: lower-case letters, digits, dashes and dots')
    .option('--label <key=value>', 'a label; may be given again, or several with commas', repeatedly, [])
    .option('--ttl <duration>', 'how long the line can be used, 1m to 7d', '1h')
    .addOption(namespacesOption())
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla cluster add eu-1 --label env=prod --label region=eu', 'register'],
        ['flotilla cluster add lab --ttl 24h -o json', 'for a script'],
        ['flotilla cluster add shared --namespaces shop,pay', 'an agent without rights beyond two namespaces'],
      ]),
    )
    .action(async (name: string, options: AddOptions, command: Command) => {
      const labels = applyLabelChanges({}, readLabelChanges(options.label.flatMap((each) => each.split(','))));
      if (parseDuration(options.ttl) === null) {
        throw new RejectedError('bad-ttl', `--ttl: "${options.ttl}" is no duration: write it as 1h or 30m.`);
      }
      await withHub(command, context, async (client) => {
        const { ttl: tokenTtl, namespaces } = options;
        const answer = await client.post<RegisterAnswer>('/api/v1/clusters', { name, labels, tokenTtl, namespaces });
        printAnswer(context, options.output, answer, invitationText(answer, `cluster/${name} registered`));
      });
    });
}

function token(context: CliContext): Command {
  return new Command('token')
    .description('Print a new line that installs the agent of a registered cluster; the one before ends.')
    .argument('<name>', 'name of the cluster')
    .addOption(namespacesOption())
    .addOption(
      new Option('--cluster-wide', 'give the whole cluster to an agent that was kept to namespaces').conflicts(
        'namespaces',
      ),
    )
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([['flotilla cluster token eu-1', 'when the first line has expired, or the agent lost its key']]),
    )
    .action(async (name: string, { output, namespaces, clusterWide }: TokenOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const route = `/api/v1/clusters/${part(name)}/token`;
        const answer = await client.post<RegisterAnswer>(route, { namespaces, clusterWide });
        printAnswer(context, output, answer, invitationText(answer, `cluster/${name} has a new join token`));
      });
    });
}

/** `--namespaces`: the agent's rights end at them. */
function namespacesOption(): Option {
  return new Option(
    '--namespaces <names>',
    'keep the agent to these namespaces, with commas between them; they must exist',
  ).argParser((text: string): readonly string[] => {
    const [issue] = agentNamespacesTextSchema.safeParse(text).error?.issues ?? [];
    if (issue !== undefined) throw new InvalidArgumentError(`It ${issue.message}.`);
    return splitNamespaces(text);
  });
}

/** The line to run, until when it can be, and what comes next. */
export function invitationText(
  { cluster: view, command, expiresAt, namespaces }: RegisterAnswer,
  what: string,
  now = Date.now(),
): string {
  const left = formatDuration(Math.max(1000, Date.parse(expiresAt) - now));
  return [
    `${what}. Run this where kubectl points at the cluster:`,
    '',
    `  ${command}`,
    '',
    ...reachText(namespaces),
    `It holds a token for one agent, shown this once, good until ${expiresAt.replace(/\.\d+Z$/, 'Z')} (${left}).`,
    `Then the agent joins by itself: flotilla get cluster ${view.name} --watch`,
    '',
  ].join('\n');
}

function reachText(namespaces: readonly string[] | undefined): readonly string[] {
  if (namespaces === undefined) return [];
  return [
    `The agent will have rights in ${namespaces.join(', ')} and nowhere else. Each must exist, or kubectl says NotFound.`,
    'One that had the whole cluster keeps that until you run: kubectl delete clusterrolebinding,clusterrole flotilla-agent',
  ];
}

function label(context: CliContext): Command {
  return new Command('label')
    .description(
      'Set labels (key=value) and take them away (key-). What runs stays; placement looks at them for the next release.',
    )
    .argument('<name>', 'name of the cluster')
    .argument('<changes...>', 'key=value or key-')
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla cluster label eu-1 env=prod canary-', 'set env, take canary away']]))
    .action(async (name: string, words: string[], { output }: AnswerOptions, command: Command) => {
      const changes = readLabelChanges(words);
      await withHub(command, context, async (client) => {
        const route = `/api/v1/clusters/${part(name)}`;
        const before = await client.get<ClusterView>(route);
        const labels = applyLabelChanges(before.labels, changes);
        const same = labelText(labels) === labelText(before.labels);
        const after = same ? before : await client.patch<ClusterView>(route, { labels });
        const shown = labelText(after.labels) || 'no labels';
        printAnswer(context, output, after, `cluster/${name} ${same ? 'unchanged' : 'labelled'}: ${shown}\n`);
      });
    });
}

interface RemoveOptions extends AnswerOptions {
  readonly withdraw?: true;
  readonly leave?: true;
  readonly yes?: boolean;
}

function remove(context: CliContext): Command {
  return new Command('remove')
    .description(
      'Take a cluster out of the fleet: say whether its agent first deletes what it applied, or leaves it. Then every credential of it ends.',
    )
    .argument('<name>', 'name of the cluster')
    .addOption(
      new Option('--withdraw', 'its agent deletes what it applied; the registration ends when that is done').conflicts(
        'leave',
      ),
    )
    .option('--leave', 'what it applied stays as it is; the registration ends now')
    .option('-y, --yes', 'do not ask')
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla cluster remove eu-1 --withdraw', 'empty it first; flotilla why cluster/eu-1 says how far that is'],
        ['flotilla cluster remove eu-1 --leave --yes', 'in a script; also for one that is gone for good'],
      ]),
    )
    .action(async (name: string, options: RemoveOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const route = `/api/v1/clusters/${part(name)}`;
        const view = await client.get<ClusterView>(route);
        const workloads = await workloadsOf(context, view, options);
        await confirm(context, options.yes ?? false, removalText(view, workloads));
        const answer = await client.delete<RemoveAnswer>(`${route}?workloads=${workloads}`);
        const next = answer.status === 'leaving' ? `; how far that is: flotilla why cluster/${name}` : '';
        const text = `cluster/${name} ${answer.status === 'leaving' ? 'is leaving' : 'removed'}. ${answer.message}${next}\n`;
        printAnswer(context, options.output, answer, text);
      });
    });
}

/** What becomes of what runs there: as told, else as whoever sits there says. */
async function workloadsOf(
  context: CliContext,
  { name, status }: ClusterView,
  { withdraw, leave }: RemoveOptions,
): Promise<'withdraw' | 'leave'> {
  if (withdraw) return 'withdraw';
  // Nobody joined: there is nothing to be deleted.
  if (leave || status === 'waiting') return 'leave';
  const question = `What becomes of what the agent of "${name}" applied? --withdraw deletes it first, --leave leaves it as it is`;
  if (context.ask === null) throw new RejectedError('not-said', `${question}: give one of them.`);
  const said = (await context.ask(`${question}. [withdraw/leave] `)).trim().toLowerCase();
  if (said === 'withdraw' || said === 'leave') return said;
  throw new RejectedError('not-said', 'Nothing was changed.');
}

function removalText(
  { name, status, seenAt, applications = [] }: ClusterView,
  workloads: 'withdraw' | 'leave',
): string {
  const seen = seenAt === undefined ? 'never heard of' : `heard of ${age(seenAt)} ago`;
  const which = `cluster "${name}" (${status}, ${seen})`;
  if (workloads === 'leave') return `This ends the registration of ${which} now; what runs there stays as it is.`;
  const held = applications.filter(({ release }) => release !== null).map(({ application }) => application);
  const what = held.length === 0 ? 'whatever its agent applied' : `what its agent applied (${held.join(', ')})`;
  return `This DELETES ${what} in ${which}, all but what bears flotilla.dev/prune: disabled, and then ends its registration.`;
}
