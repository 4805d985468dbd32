import { Command } from 'commander';
import { askCluster, caveatOf, readPlace } from '../ask-cluster.js';
import { withHub, type CliContext } from '../context.js';
import { answerOption, type AnswerOptions } from '../options.js';
import { printAnswer } from '../print.js';
import { examples } from '../program.js';
import { treeText } from '../tree-text.js';

export function tree(context: CliContext): Command {
  return new Command('tree')
    .description(
      "Show an application's objects in a cluster with their sync, health, age and reason, and below each what it owns, down to the pods. " +
        "The cluster's agent is asked; one that is offline can't answer.",
    )
    .argument('<place>', 'CLUSTER/APPLICATION')
    .addOption(answerOption())
    .addHelpText(
      'after',
      examples([
        ['flotilla tree eu-1/web', 'what is there, and how is it?'],
        ['flotilla tree eu-1/web -o json', 'with apiVersion and message of each object'],
      ]),
    )
    .action(async (word: string, { output }: AnswerOptions, command: Command) => {
      const place = readPlace(word);
      await withHub(command, context, async (client) => {
        const view = await askCluster(client, 'tree', place);
        printAnswer(context, output, view, treeText(view, context.colours));
        const caveat = caveatOf(view);
        if (caveat !== null) context.error(caveat);
      });
    });
}
