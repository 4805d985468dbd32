import { Command } from 'commander';
import { jsonSchemaOf, RESOURCE_KINDS } from '#contract';
import { RejectedError } from '#kit';
import type { CliContext } from '../context.js';
import { nearest } from '../nearest.js';
import { toJson } from '../print.js';
import { examples } from '../program.js';

export function schema(context: CliContext): Command {
  return new Command('schema')
    .description(
      `Print the JSON schema of a kind (${RESOURCE_KINDS.join(', ')}), or one for a file that holds any of them. It needs no hub.`,
    )
    .argument('[kind]', 'one kind; else all of them')
    .addHelpText(
      'after',
      examples([
        [
          'flotilla schema > flotilla.schema.json',
          'for an editor: # yaml-language-server: $schema=flotilla.schema.json',
        ],
        ['flotilla schema Strategy', 'one kind'],
      ]),
    )
    .action((word: string | undefined) => {
      const kind = RESOURCE_KINDS.find((each) => each.toLowerCase() === word?.toLowerCase());
      if (word !== undefined && kind === undefined) {
        const near = nearest(
          word,
          RESOURCE_KINDS.map((each) => each.toLowerCase()),
        );
        const guess = near === null ? '.' : `; did you mean ${near}?`;
        throw new RejectedError('unknown-kind', `"${word}" is no kind${guess} Kinds are ${RESOURCE_KINDS.join(', ')}.`);
      }
      context.out(toJson(jsonSchemaOf(kind ?? null)));
    });
}
