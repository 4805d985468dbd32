import { Command } from 'commander';
import type { ClusterCommandAnswer } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { part } from '../listings/listing.js';
import { plain, printAnswer } from '../print.js';
import { examples } from '../program.js';
import { changesText, postCommand, steerOptions, type SteerOptions } from '../steer.js';

export function hold(context: CliContext): Command {
  const command = new Command('hold')
    .description(
      'Hold a cluster: nothing new is assigned to it, and rollouts go on without it. What it runs, and what it has begun, stays.',
    )
    .argument('<name>', 'name of the cluster');
  return steerOptions(command, 'needs a reason')
    .addHelpText('after', examples([['flotilla cluster hold eu-1 --reason "incident 4711"', 'leave it alone']]))
    .action((name: string, options: SteerOptions, self: Command) => send(context, self, 'hold', name, options));
}

export function unhold(context: CliContext): Command {
  const command = new Command('unhold')
    .description('Let a held cluster take part again: it is next in the rollout that runs, or catches up.')
    .argument('<name>', 'name of the cluster');
  return steerOptions(command)
    .addHelpText('after', examples([['flotilla cluster unhold eu-1', 'it may go on']]))
    .action((name: string, options: SteerOptions, self: Command) => send(context, self, 'unhold', name, options));
}

async function send(
  context: CliContext,
  self: Command,
  verb: 'hold' | 'unhold',
  name: string,
  options: SteerOptions,
): Promise<void> {
  await withHub(self, context, async (client) => {
    const answer = await postCommand<ClusterCommandAnswer>(
      client,
      `/api/v1/clusters/${part(name)}/${verb}`,
      options,
      {},
    );
    const text = `${changesText(answer.changes, answer.dryRun)}${plain(answer.message)}\n`;
    printAnswer(context, options.output, answer, text);
  });
}
