import { clientOf, type CliContext } from '../context.js';
import type { HubClient } from '../hub-client.js';
import { plain } from '../print.js';
import { buildProgram } from '../program.js';
import { complete, type Completed } from './complete.js';
import { namesAtHub } from './names-at-hub.js';

/**
 * What the scripts of `flotilla completion` ask for: a line for each candidate, its description after a tab, and a last line that
 * tells how to go on: `:files`, `:open` (no space after it) or `:done`. Never fails: a shell would print that between two keys.
 */
export async function answerShell(words: readonly string[], context: CliContext): Promise<void> {
  const { candidates, files, open } = await answer(words, context).catch((): Completed => ({ candidates: [] }));
  const lines = candidates.map(({ value, what }) => (what === undefined ? value : `${value}\t${plain(what)}`));
  context.out([...lines, files ? ':files' : open ? ':open' : ':done', ''].join('\n'));
}

async function answer(words: readonly string[], context: CliContext): Promise<Completed> {
  const program = await buildProgram(context, words);
  const connect = (): HubClient => {
    // Only `--hub`, `--token` and `--ca` count, wherever they stand.
    program.allowUnknownOption().parseOptions([...words.slice(0, -1)]);
    return clientOf(program, context);
  };
  return await complete(program, words, namesAtHub(connect));
}
