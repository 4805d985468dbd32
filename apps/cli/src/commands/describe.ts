import { Command } from 'commander';
import { RejectedError } from '#kit';
import { withHub, type CliContext } from '../context.js';
import { describeApplication } from '../describe/application.js';
import { describeCluster } from '../describe/cluster.js';
import { describeRelease } from '../describe/release.js';
import { describeRollout } from '../describe/rollout.js';
import { describeSource } from '../describe/source.js';
import type { HubClient } from '../hub-client.js';
import { nearest } from '../nearest.js';
import { readPointed } from '../object-names.js';
import { watchOption } from '../options.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';

type Describe = (client: HubClient, name: string, colours: boolean) => Promise<string>;

const KINDS: readonly { readonly words: readonly string[]; readonly describe: Describe }[] = [
  { words: ['cluster', 'clusters', 'cl'], describe: describeCluster },
  { words: ['application', 'applications', 'app', 'apps'], describe: describeApplication },
  { words: ['rollout', 'rollouts', 'ro'], describe: describeRollout },
  { words: ['release', 'releases', 'rel'], describe: describeRelease },
  { words: ['source', 'sources', 'src'], describe: describeSource },
];

export function describe(context: CliContext): Command {
  return new Command('describe')
    .description('Tell everything about one object: what it is, what it waits for, what happened to it.')
    .argument('<kind>', 'cluster, application, rollout, release or source; or KIND/NAME')
    .argument('[names...]', 'which')
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla describe cluster eu-1', 'labels, facts, applications, events'],
        ['flotilla describe rollout web', 'the newest rollout of web: waves, what failed and why'],
        ['flotilla describe release web/3', 'commit and bundles'],
      ]),
    )
    .action(async (word: string, words: string[], { watch }: Pick<WatchOptions, 'watch'>, command: Command) => {
      const { kind, names } = readPointed(word, words);
      const found = KINDS.find((each) => each.words.includes(kind.toLowerCase()));
      const all = KINDS.map((each) => each.words[0] ?? '');
      if (!found) {
        const near = nearest(kind, all);
        const guess = near === null ? '.' : `; did you mean ${near}?`;
        throw new RejectedError('unknown-kind', `"${kind}" can't be described${guess} Kinds are ${all.join(', ')}.`);
      }
      if (names.length === 0) throw new RejectedError('usage', `Say which: flotilla describe ${kind} NAME.`);
      await withHub(command, context, async (client) => {
        const read = async (): Promise<string> => {
          const texts: string[] = [];
          for (const name of names) texts.push(await found.describe(client, name, context.colours));
          return texts.join('\n');
        };
        const options: WatchOptions = { output: 'text', watch: watch ?? false };
        await showAnswer(client, context, options, { read, text: (text) => text });
      });
    });
}
