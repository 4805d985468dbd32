import type { RolloutView, Why } from '#contract';
import { RejectedError } from '#kit';
import type { CliContext } from './context.js';
import { follow, pause } from './follow.js';
import type { HubClient } from './hub-client.js';
import { part } from './listings/listing.js';
import { plain, type AnswerOutput } from './print.js';
import { exitCodeOf, progressLines, statusText } from './rollout-text.js';
import { Screen } from './screen.js';

/** A hold that a person must clear stays; one that the hub acts on itself (onFailure: rollback) is gone by then, ms. */
const SETTLED_MS = 1500;

/**
 * Follows a rollout until it ends, waits for a person, or time is up. An application that has none yet is waited for.
 * Null when it was interrupted or its first rollout never began; the exit code says so then.
 */
export async function followRollout(
  client: HubClient,
  context: CliContext,
  of: string,
  options: { readonly timeout?: number; readonly output: AnswerOutput },
): Promise<RolloutView | null> {
  const interrupted = context.interrupted();
  const timeUp = options.timeout === undefined ? null : AbortSignal.timeout(options.timeout);
  const signal = timeUp === null ? interrupted : AbortSignal.any([interrupted, timeUp]);
  const tell = new Teller(context, options.output === 'text');
  // What was found first is followed: an application's newest may be another one later.
  let id: string | null = null;
  let view: RolloutView | null = null;
  const read = async (): Promise<RolloutView | Why> => readOne(client, id ?? of);
  try {
    for await (const found of follow(client, context, read, { signal })) {
      if ('sentence' in found) {
        tell.waits(found.sentence);
        continue;
      }
      id = found.id;
      view = found;
      tell.progress(view);
      if (exitCodeOf(view) === 3) continue;
      if (exitCodeOf(view) === 2 && !(await staysPaused(client, view.id, signal))) continue;
      break;
    }
  } finally {
    tell.end(view);
  }
  if (interrupted.aborted) context.exitCode = 130;
  else if (timeUp?.aborted) {
    context.exitCode = 3;
    context.error(`${id ?? of} was not done within the time that --timeout gave; it goes on by itself.\n`);
  }
  return signal.aborted ? null : view;
}

async function readOne(client: HubClient, id: string): Promise<RolloutView | Why> {
  try {
    return await client.get<RolloutView>(`/api/v1/rollouts/${part(id)}`);
  } catch (error) {
    if (!(error instanceof RejectedError) || error.details?.['status'] !== 404) throw error;
    // Perhaps an application that has not been rolled out yet: why tells what it waits for.
    return client.get<Why>(`/api/v1/why/applications/${part(id)}`).catch(() => Promise.reject(error));
  }
}

async function staysPaused(client: HubClient, id: string, signal: AbortSignal): Promise<boolean> {
  await pause(SETTLED_MS, signal);
  if (signal.aborted) return false;
  return exitCodeOf(await client.get<RolloutView>(`/api/v1/rollouts/${part(id)}`)) === 2;
}

/** Tells progress: a picture on a terminal, lines in a pipe, nothing where the answer is for a program. */
class Teller {
  private readonly screen: Screen;
  private before: RolloutView | null = null;
  private waited = '';

  constructor(
    private readonly context: CliContext,
    private readonly speaks: boolean,
  ) {
    this.screen = new Screen(context);
  }

  waits(sentence: string): void {
    if (!this.speaks || sentence === this.waited) return;
    this.waited = sentence;
    this.context.out(`${plain(sentence)}\n`);
  }

  progress(view: RolloutView): void {
    if (!this.speaks) return;
    if (this.context.isTerminal) this.screen.draw(statusText(view, this.context.colours));
    else this.context.out(progressLines(this.before, view));
    this.before = view;
  }

  end(view: RolloutView | null): void {
    this.screen.close();
    if (this.speaks && view && !this.context.isTerminal) this.context.out(`${plain(view.why)}\n`);
  }
}
