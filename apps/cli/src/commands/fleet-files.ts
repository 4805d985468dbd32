import { Command, Option } from 'commander';
import type { FleetChange, FleetPlan, FleetStatus } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { holdLines } from '../hold-lines.js';
import { answerOption, watchOption, type AnswerOptions } from '../options.js';
import { counted, plain, printAnswer, shortRevision } from '../print.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { postCommand, steerOptions, type SteerOptions } from '../steer.js';
import { coloured, diffOf } from './diff.js';

/** A fleet of thousands of objects takes the hub some seconds. */
const PLAN_MS = 120_000;

export function fleetStatus(context: CliContext): Command {
  return new Command('status')
    .description(
      'Show which commit of the repository that declares the fleet is applied, what is in the way of the newest, and what people changed by hand.',
    )
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText('after', examples([['flotilla fleet status', 'is the fleet as Git declares it?']]))
    .action(async (options: WatchOptions, command: Command) => {
      await withHub(command, context, (client) =>
        showAnswer(client, context, options, {
          read: () => client.get<FleetStatus>('/api/v1/declared', {}, PLAN_MS),
          text: statusText,
        }),
      );
    });
}

export function fleetPlan(context: CliContext): Command {
  return new Command('plan')
    .description(
      'Show what applying the newest commit would do, as a unified diff: it is tried at the hub, and undone. Ends with 1 when something would change.',
    )
    .addOption(answerOption())
    .addHelpText('after', examples([['flotilla fleet plan', 'before flotilla fleet apply']]))
    .action(async ({ output }: AnswerOptions, command: Command) => {
      await withHub(command, context, async (client) => {
        const plan = await client.get<FleetPlan>('/api/v1/declared/plan', {}, PLAN_MS);
        printAnswer(context, output, plan, planText(plan, context.colours));
        if (plan.changes.length > 0) context.exitCode = 1;
      });
    });
}

export function fleetApply(context: CliContext): Command {
  const command = new Command('apply')
    .description(
      'Make everything what the newest commit declares, and put back what was changed by hand. All of it or nothing.',
    )
    .addOption(
      new Option('--accept-deletions', 'delete what is not declared any more, also where that is more than a third'),
    );
  return steerOptions(command)
    .addHelpText(
      'after',
      examples([
        ['flotilla fleet apply', 'now, whatever the Fleet says of commits'],
        ['flotilla fleet apply --accept-deletions --reason "shop moves out"', 'however much goes'],
      ]),
    )
    .action(async (options: SteerOptions & { acceptDeletions?: boolean }, self: Command) => {
      const body = { acceptDeletions: options.acceptDeletions ?? false };
      await withHub(self, context, async (client) => {
        const plan = await postCommand<FleetPlan>(client, '/api/v1/declared/apply', options, body);
        printAnswer(context, options.output, plan, appliedText(plan));
      });
    });
}

export function statusText(status: FleetStatus): string {
  const { source, path, revision, applied, state, holds, drift, undeclared } = status;
  const where = `source/${source}${path === '.' ? '' : `, ${plain(path)}`}`;
  const lines = [
    `The fleet is declared by ${where}: ${stateText(status)}`,
    ...(applied
      ? [`Applied: ${shortRevision(applied.revision)} at ${applied.at}, ${counted(applied.objects, 'object')}`]
      : []),
    ...(revision !== undefined && state !== 'current' ? [`Newest:  ${shortRevision(revision)}`] : []),
    ...holdLines(holds, Date.now()),
    ...(drift.length > 0 ? ['', 'Changed by hand:'] : []),
    ...drift.map(driftLine),
    ...(undeclared.length > 0 ? ['', `Declared by no file: ${undeclared.map(plain).join(', ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function driftLine({ kind, name, file, change, by, at, reason }: FleetStatus['drift'][number]): string {
  const who = by === undefined ? '' : ` by ${plain(by)}${at === undefined ? '' : ` at ${at}`}`;
  return `  ${kind.toLowerCase()}/${name} ${change}${who} (${plain(file)})${reason === undefined ? '' : `: ${plain(reason)}`}`;
}

function stateText({ state, drift }: FleetStatus): string {
  switch (state) {
    case 'new':
      return 'nothing is applied yet';
    case 'current':
      return 'all is as it says';
    case 'drifted':
      return `${counted(drift.length, 'object')} changed by hand since; \`flotilla fleet apply\` puts that back`;
    case 'pending':
      return 'the newest commit is not applied; `flotilla fleet plan` shows it';
    case 'held':
      return 'something is in the way, and all stays as it is';
  }
}

export function planText({ revision, objects, changes, hold }: FleetPlan, colours: boolean): string {
  const diffs = changes.map((change) => {
    const text = change.change === 'deleted' || change.after ? diffOf(change) : '';
    return `${lineOf(change)}\n${text}`;
  });
  const head = `Commit ${shortRevision(revision)} declares ${counted(objects, 'object')}; ${
    changes.length === 0 ? 'nothing would change' : `${counted(changes.length, 'change')}:`
  }\n`;
  const held = hold ? `\n${plain(hold.message)}\n` : '';
  const body = diffs.length === 0 ? '' : `\n${diffs.join('\n')}`;
  return `${head}${colours ? coloured(body) : body}${held}`;
}

export function appliedText({ revision, objects, changes, dryRun }: FleetPlan): string {
  const lines = changes.map((change) => `${lineOf(change)}${dryRun ? ' (dry run)' : ''}\n`);
  const what = changes.length === 0 ? 'nothing changed' : counted(changes.length, 'change');
  return `${lines.join('')}Commit ${shortRevision(revision)}, ${counted(objects, 'object')}: ${what}\n`;
}

function lineOf({ kind, name, change, file }: FleetChange): string {
  const what = change === 'released' ? 'declared no more, and left as it is' : change;
  return `${kind.toLowerCase()}/${name} ${what} (${plain(file)})`;
}
