import { Command } from 'commander';
import type { Installation, WorkloadRemoval } from '#kube';
import { RejectedError } from '#kit';
import { confirm } from '../confirm.js';
import type { CliContext } from '../context.js';
import { counted } from '../print.js';
import { examples } from '../program.js';

interface UninstallOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly deleteWorkloads?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export function agent(context: CliContext): Command {
  return new Command('agent')
    .description(
      'What a person does in a cluster itself, by a kubeconfig. `flotilla cluster add` tells how to install an agent.',
    )
    .addHelpText('after', examples([['flotilla agent uninstall --dry-run', 'what would go and what would stay']]))
    .addCommand(uninstall(context));
}

function uninstall(context: CliContext): Command {
  return new Command('uninstall')
    .description(
      'Take the agent out of the cluster that the kubeconfig points at. Workloads stay as they are unless told otherwise.',
    )
    .option('--context <name>', "the kubeconfig's context; the current one unless told")
    .option('--kubeconfig <file>', 'the kubeconfig; KUBECONFIG or ~/.kube/config unless told')
    .option('--namespace <name>', 'where the agent is', 'flotilla-system')
    .option('--delete-workloads', 'delete what the agent recorded as its applications', false)
    .option('--dry-run', 'say what would go and what would stay, and do nothing')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      examples([
        ['flotilla agent uninstall --context eu-1', 'the agent goes, workloads stay'],
        ['flotilla agent uninstall --delete-workloads --dry-run', 'what would go with them'],
      ]),
    )
    .action(async (_own: object, command: Command) => {
      // `--context` is also the name of a hub that one signed in at, and is taken by that one wherever it stands. No hub is called here.
      const options = command.optsWithGlobals<UninstallOptions>();
      // By far the largest part of this program, and no other verb needs it.
      const kubernetes = await import('#kube');
      const { context: name, ...access } = await kubernetes.kubeconfigOptions({
        ...(options.kubeconfig !== undefined && { file: options.kubeconfig }),
        ...(options.context !== undefined && { context: options.context }),
      });
      const kube = kubernetes.openHttpKube({ ...access, userAgent: 'flotilla' });
      try {
        const installation = await kubernetes.inspectInstallation(kube, options.namespace);
        const isAll = options.deleteWorkloads === true;
        const workloads = isAll ? await kubernetes.planWorkloadRemoval(kube, installation) : null;
        context.out(planText(installation, workloads, `${access.url} (context ${name})`));
        if (options.dryRun === true) {
          context.out('\nNothing was changed: this was a dry run.\n');
          return;
        }
        const what = workloads === null ? 'the agent' : 'the agent and its workloads';
        await confirm(context, options.yes ?? false, `\nThis takes ${what} out of ${access.url}.`);
        const { kept } = await kubernetes.uninstallAgent({
          kube,
          installation,
          workloads,
          onStep: (step) => context.out(`  ${step}\n`),
          signal: context.interrupted(),
        });
        for (const { ref, why } of kept) context.out(`  ${ref.kind} ${ref.name} stays: ${why}\n`);
        context.out(endText(installation));
      } catch (error) {
        throw readable(error, access.url, name);
      } finally {
        kube.close();
      }
    });
}

/** Errors of a cluster say which one: a wrong context is the likeliest reason. */
function readable(error: unknown, url: string, context: string): unknown {
  if (!(error instanceof RejectedError) || !['no-agent', 'kube-forbidden', 'kube-unauthorized'].includes(error.code)) {
    return error;
  }
  return new RejectedError(error.code, `${error.message} (${url}, context ${context})`);
}

function planText(installation: Installation, workloads: WorkloadRemoval | null, where: string): string {
  const { namespaces, deployment, rights, records, ownNamespace, strangers, unread } = installation;
  const bindings = rights.filter(({ ref }) => ref.kind.endsWith('Binding')).length;
  const secrets = records.filter(({ ref }) => ref.kind === 'Secret').length;
  const goes = [
    ...(deployment === null ? [] : ['its Deployment']),
    `${counted(rights.length - bindings, 'role')} and ${counted(bindings, 'binding')}`,
    ...(secrets < records.length ? ['its account'] : []),
    `${counted(secrets, 'Secret')} of its own`,
    ...(ownNamespace === null || strangers.length > 0 ? [] : [`the namespace ${ownNamespace.ref.name}`]),
  ];
  const reach = namespaces === null ? '' : `, kept to ${namespaces.join(', ')}`;
  const lines = [`The Flotilla agent of ${where}${reach}`, `Goes:  ${goes.join(', ')}`];
  if (workloads !== null) lines.push(...goingText(workloads));
  lines.push(...stayingText(installation, workloads));
  if (ownNamespace !== null && strangers.length > 0) {
    lines.push(`Stays: the namespace ${ownNamespace.ref.name}, because there is more in it: ${shortened(strangers)}`);
  }
  if (unread.length > 0) {
    const kinds = [...new Set(unread.map(({ kind }) => kind))];
    lines.push(`Not counted, because you may not list it or its API is away: ${shortened(kinds)}`);
  }
  return `${lines.join('\n')}\n`;
}

function goingText({ deletions, broken }: WorkloadRemoval): string[] {
  const counts = new Map<string, number>();
  for (const { entry } of deletions.flat()) counts.set(entry.kind, (counts.get(entry.kind) ?? 0) + 1);
  const lines = [`Goes:  of its applications, by its record: ${kindsText([...counts]) || 'nothing'}`];
  if (broken.length > 0) lines.push(`       (not what these name, which cannot be read: ${shortened(broken)})`);
  return lines;
}

function stayingText({ applications }: Installation, workloads: WorkloadRemoval | null): string[] {
  if (workloads !== null) {
    return workloads.kept.map(({ ref, why }) =>
      `Stays: ${ref.kind} ${ref.namespace ?? ''}/${ref.name}: ${why}`.replace(' /', ' '),
    );
  }
  if (applications.length === 0) return ['Stays: there is nothing of any application'];
  return [
    'Stays: what its applications have, as it is and with its labels; nobody puts it back or removes it from then on:',
    ...applications.map(
      ({ name, kinds }) => `         ${name}: ${kindsText(kinds.map(({ kind, count }) => [kind, count]))}`,
    ),
  ];
}

function kindsText(counts: readonly (readonly [kind: string, count: number])[]): string {
  return counts.map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function shortened(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
}

function endText({ clusterName, hubUrl }: Installation): string {
  const of = hubUrl === '' ? '' : ` (${hubUrl})`;
  return `\nThe hub still has its registration${of}. End it there: flotilla cluster remove ${clusterName || 'NAME'} --leave\n`;
}
