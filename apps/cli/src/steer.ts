import type { Command } from 'commander';
import type { CommandAnswer } from '#contract';
import { withHub, type CliContext } from './context.js';
import { holdLines } from './hold-lines.js';
import { part } from './listings/listing.js';
import { plain, printAnswer } from './print.js';

/** What every command to a rollout may carry. */
export interface SteerOptions {
  readonly reason?: string;
  readonly output: 'text' | 'json' | 'yaml';
}

/** Help of the argument that names a rollout. */
export const ROLLOUT_ARGUMENT = 'id of the rollout (web-12), or the name of an application for its newest';

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
    const reason = options.reason === undefined ? {} : { reason: options.reason };
    const answer = await client.post<CommandAnswer>(route, { ...body, ...reason });
    printAnswer(context, options.output, answer, answerText(answer));
  });
}

export function answerText({ rollout, message }: CommandAnswer, now = Date.now()): string {
  const holds = holdLines(rollout.holds, now).map((line) => `  ${line}\n`);
  const next = rollout.state === 'running' ? `Follow it: flotilla rollout status ${rollout.id} --watch\n` : '';
  return `${plain(message)}\n${holds.join('')}${next}`;
}
