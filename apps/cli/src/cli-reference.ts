import type { Command, Option } from 'commander';
import { VERBS } from './verbs.js';

const INTRODUCTION = `# The command line

This page is made from the commands themselves: \`npm run docs:cli\` writes it, and a test holds it to them.

## Install it

\`npm run package:cli\` packs it into \`dist/package\`: an npm tarball of 0.7 MiB without dependencies (\`npm install -g dist/package/flotilla-cli-*.tgz\`), and
\`flotilla\`, one program that needs no Node. In a checkout \`npx flotilla\` does. \`flotilla completion bash|zsh|fish\` prints what completes verbs, options and names.

## Where the hub is

Looked for in this order; the first that is there counts.

| | Address | Token | CA, where the hub has one of its own |
|---|---|---|---|
| flag | \`--hub URL\` | \`--token TOKEN\` | \`--ca FILE\` |
| environment | \`FLOTILLA_HUB\` | \`FLOTILLA_TOKEN\` | \`FLOTILLA_CA\` (a file) |
| a hub on this machine | \`admin.json\` in its data folder: \`FLOTILLA_DATA\`, else the newest of \`.flotilla/hub\` and \`.flotilla/demo/hub\` here or in a folder above that belongs to you | the same file | the same file |

The token and the CA of that file are for the hub it names and are never used for another address.

## Exit codes

| Code | Meaning |
|---|---|
| 0 | Done. \`diff\`: nothing would change. \`rollout status\`: it succeeded. |
| 1 | Refused, failed, or not understood; one sentence on standard error says why. \`diff\`: something would change, or differs. \`rollout status\`: it ended otherwise than succeeded. \`sync\`: an application could not be rendered. |
| 2 | \`diff\`: an error, or an object that can't be compared. \`rollout status\`: it waits for a person. |
| 3 | \`rollout status\`: it still runs, or \`--timeout\` has passed. |
| 130 | \`rollout status --watch\` was interrupted. Other watches end with 0 at Ctrl-C. |

## Output

Answers go to standard output, everything else to standard error. \`-o json\` and \`-o yaml\` give what the API gives; sources, applications,
strategies and clusters as documents that \`apply -f\` takes again. \`-o jsonpath='{.items[*].metadata.name}'\` picks from the same, with templates as
kubectl takes them: \`{range .items[*]}{.name}{"\\n"}{end}\`, filters, escaped dots. Colours are for terminals only and follow \`NO_COLOR\` and
\`FORCE_COLOR\`. \`--watch\` redraws on a terminal; in a pipe it prints each thing again when something about it has changed, with \`-o json\` on one line each.
`;

/** Every verb with its arguments, options and examples, as Markdown. */
export function cliReference(program: Command): string {
  const groups = [...new Set(VERBS.map(({ group }) => group))].map((group) => {
    const commands = VERBS.filter((verb) => verb.group === group).flatMap(({ name }) =>
      program.commands.filter((each) => each.name() === name),
    );
    return `\n## ${group.replace(/:$/, '')}\n${commands.flatMap((each) => sections(each, 'flotilla')).join('')}`;
  });
  return `${INTRODUCTION}${groups.join('')}`;
}

function sections(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const args = command.registeredArguments.map(
    (each) =>
      `| \`${each.required ? `<${each.name()}>` : `[${each.name()}]`}${each.variadic ? '…' : ''}\` | ${cell(each.description)} |\n`,
  );
  const options = command.options.map((each) => `| \`${each.flags}\` | ${cell(optionText(each))} |\n`);
  const rows = [...args, ...options].join('');
  // What `rollout` has in common with the verbs of their own is told there.
  const children = command.commands.filter(
    (each) => !VERBS.some((verb) => parent === 'flotilla' && command.name() === 'rollout' && verb.name === each.name()),
  );
  return [
    `\n### ${name}\n\n${command.description()}\n${rows === '' ? '' : `\n| | |\n|---|---|\n${rows}`}${examplesOf(command)}`,
    ...children.flatMap((each) => sections(each, name)),
  ];
}

function optionText({ description, argChoices, defaultValue, mandatory }: Option): string {
  const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  const shown =
    typeof defaultValue === 'string' || typeof defaultValue === 'number' ? `; else \`${defaultValue}\`` : '';
  return `${description}${choices}${shown}${mandatory && shown === '' ? '; required' : ''}`;
}

/** The examples as help shows them. */
function examplesOf(command: Command): string {
  let text = '';
  const before = { ...command.configureOutput() };
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  command.configureOutput(before);
  const examples = text.split('\nExamples:\n')[1];
  if (examples === undefined) return '';
  return `\n\`\`\`sh\n${examples.trimEnd().replace(/^ {2}/gm, '')}\n\`\`\`\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
