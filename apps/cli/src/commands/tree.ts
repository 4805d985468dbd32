import { Command } from 'commander';
import { askCluster, caveatOf, readPlace } from '../ask-cluster.js';
import { withHub, type CliContext } from '../context.js';
import { answerOption, watchOption } from '../options.js';
import { examples } from '../program.js';
import { showAnswer, type WatchOptions } from '../show-answer.js';
import { treeText } from '../tree-text.js';

export function tree(context: CliContext): Command {
  return new Command('tree')
    .description(
      "Show an application's objects in a cluster with their sync, health, age and reason, and below each what it owns, down to the pods. " +
        "The cluster's agent is asked; one that is offline can't answer.",
    )
    .argument('<place>', 'CLUSTER/APPLICATION')
    .addOption(answerOption())
    .addOption(watchOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla tree eu-1/web', 'what is there, and how is it?'],
        ['flotilla tree eu-1/web -o json', 'with apiVersion and message of each object'],
      ]),
    )
    .action(async (word: string, options: WatchOptions, command: Command) => {
      const place = readPlace(word);
      await withHub(command, context, async (client) => {
        const read = (): ReturnType<typeof askCluster<'tree'>> => askCluster(client, 'tree', place);
        const view = await showAnswer(client, context, options, { read, text: treeText });
        const caveat = view === null ? null : caveatOf(view);
        if (caveat !== null) context.error(caveat);
      });
    });
}
