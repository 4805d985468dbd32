import { Option, type Command } from 'commander';
import type { CommandAnswer } from '#contract';
import { withHub, type CliContext } from './context.js';
import { holdLines } from './hold-lines.js';
import type { HubClient } from './hub-client.js';
import { part } from './listings/listing.js';
import { answerOption, reasonOption } from './options.js';
import { plain, printAnswer } from './print.js';

/** What every command that changes something may carry. */
export interface SteerOptions {
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
  readonly output: 'text' | 'json' | 'yaml';
}

/** Help of the argument that names a rollout. */
export const ROLLOUT_ARGUMENT = 'id of the rollout (web-12), or the name of an application for its newest';

/** Adds `--reason`, `--dry-run`, `--idempotency-key` and `-o`. */
export function steerOptions(command: Command, reason: 'reason' | 'needs a reason' = 'reason'): Command {
  return command
    .addOption(reasonOption().makeOptionMandatory(reason === 'needs a reason'))
    .option('--dry-run', 'tell what it would do, and do nothing')
    .addOption(
      new Option(
        '--idempotency-key <key>',
        'a name for this very command: given again, it is answered and not done again',
      ),
    )
    .addOption(answerOption());
}

/** Sends a command to a rollout and tells what it did and what happens next. */
export async function steer(
  context: CliContext,
  command: Command,
  call: { readonly verb: string; readonly of: string; readonly body?: object; readonly options: SteerOptions },
): Promise<void> {
  const { verb, of, body, options } = call;
  await send(context, command, `/api/v1/rollouts/${part(bare(of))}/${verb}`, options, body);
}

/** Sends a command to an application. */
export async function steerApplication(
  context: CliContext,
  command: Command,
  call: { readonly verb: string; readonly of: string; readonly body?: object; readonly options: SteerOptions },
): Promise<void> {
  const { verb, of, body, options } = call;
  await send(context, command, `/api/v1/applications/${part(bare(of))}/${verb}`, options, body);
}

/** `rollout/web-12` and `application/web` mean web-12 and web. */
export function bare(name: string): string {
  return name.replace(/^(rollouts?|applications?|apps?)\//, '');
}

async function send(
  context: CliContext,
  command: Command,
  route: string,
  options: SteerOptions,
  body: object = {},
): Promise<void> {
  await withHub(command, context, async (client) => {
    const answer = await postCommand<CommandAnswer>(client, route, options, body);
    printAnswer(context, options.output, answer, answerText(answer));
  });
}

/** Posts a command with its reason, as a dry run where asked. */
export function postCommand<T>(
  client: HubClient,
  route: string,
  options: Omit<SteerOptions, 'output'>,
  body: object,
): Promise<T> {
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  return client.command<T>(
    options.dryRun ? `${route}?dryRun=true` : route,
    { ...body, ...reason },
    options.idempotencyKey,
  );
}

export function answerText(
  { rollout, changes, message, warnings = [], dryRun }: CommandAnswer,
  now = Date.now(),
): string {
  const holds = holdLines(rollout.holds, now).map((line) => `  ${line}\n`);
  const isFollowed = rollout.state === 'running' && dryRun === undefined;
  const next = isFollowed ? `Follow it: flotilla rollout status ${rollout.id} --watch\n` : '';
  const warned = warnings.map((warning) => `Warning: ${plain(warning)}\n`).join('');
  return `${changesText(changes, dryRun)}${warned}${plain(message)}\n${holds.join('')}${next}`;
}

/** What a command did, or would do, a line each. */
export function changesText(changes: readonly string[], dryRun: true | undefined): string {
  const title = dryRun ? 'Dry run, nothing was done. It would be so:\n' : '';
  return `${title}${changes.map((change) => `- ${plain(change)}\n`).join('')}`;
}
