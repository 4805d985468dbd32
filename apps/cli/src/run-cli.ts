import { CommanderError } from 'commander';
import type { CliContext } from './context.js';
import { buildProgram } from './program.js';

/** Asked by the scripts of `flotilla completion`, and in no list of verbs: what follows is no command line yet. */
const COMPLETE = '__complete';

/** Runs one command line. Never throws: what went wrong is told on `context.error`, and `context.exitCode` says so. */
export async function runCli(words: readonly string[], context: CliContext): Promise<void> {
  if (words[0] === COMPLETE) {
    const { answerShell } = await import('./completion/answer-shell.js');
    return answerShell(words.slice(1), context);
  }
  try {
    const program = await buildProgram(context, words);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      context.exitCode = error.exitCode;
      return;
    }
    const { describeFailure } = await import('./describe-failure.js');
    context.error(`${describeFailure(error)}\n`);
    // `diff` keeps 1 for "something differs", as diff(1) does.
    context.exitCode = words.find((word) => !word.startsWith('-')) === 'diff' ? 2 : 1;
  }
}
