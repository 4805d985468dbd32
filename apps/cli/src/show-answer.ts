import type { CliContext } from './context.js';
import { follow } from './follow.js';
import type { HubClient } from './hub-client.js';
import type { AnswerOptions } from './options.js';
import { printAnswer, toYaml } from './print.js';
import { Screen } from './screen.js';

/** `-w` of answers. */
export interface WatchOptions extends AnswerOptions {
  readonly watch?: boolean;
}

export interface Shown<T> {
  readonly read: () => Promise<T>;
  /** For people. */
  readonly text: (answer: T, colours: boolean) => string;
}

/**
 * Prints an answer, or with `watch` goes on until Ctrl-C: redrawn on a terminal; in a pipe whole again when something about it
 * changed, ages aside, as JSON one line each time. Resolves with the last answer; null: interrupted before the first.
 */
export async function showAnswer<T>(
  client: HubClient,
  context: CliContext,
  { output, watch }: WatchOptions,
  { read, text }: Shown<T>,
): Promise<T | null> {
  if (!watch) {
    const answer = await read();
    printAnswer(context, output, answer, text(answer, context.colours));
    return answer;
  }
  const screen = new Screen(context);
  const redraws = context.isTerminal && output === 'text';
  let last: T | null = null;
  let told = '';
  try {
    for await (const answer of follow(client, context, read, { signal: context.interrupted() })) {
      last = answer;
      if (redraws) {
        screen.draw(text(answer, context.colours));
        continue;
      }
      const printed = once(answer, { output, text: () => text(answer, false) });
      const face = output === 'text' ? withoutAges(printed) : printed;
      if (face === told) continue;
      context.out(told !== '' && output === 'text' ? `\n${printed}` : printed);
      told = face;
    }
  } finally {
    screen.close();
  }
  return last;
}

function once(answer: unknown, { output, text }: { output: AnswerOptions['output']; text: () => string }): string {
  if (typeof output !== 'string') return `${output.print(answer)}\n`;
  switch (output) {
    case 'text':
      return text();
    case 'json':
      return `${JSON.stringify(answer)}\n`;
    case 'yaml':
      return `---\n${toYaml(answer)}`;
  }
}

/** Ages change all the time; that is no news. */
function withoutAges(text: string): string {
  return text.replace(/\b(\d+(ms|[dhms]))+\b *(ago)?/g, '');
}
