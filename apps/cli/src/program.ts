import { Command } from 'commander';
import type { CliContext } from './context.js';
import type { JsonPath } from './json-path.js';
import { readVersion } from './read-version.js';
import { HELP_GROUP, VERBS } from './verbs.js';

const ABOUT =
  'flotilla: a fleet of clusters, rolled out from Git in waves.\n\n' +
  'The hub is found by --hub, FLOTILLA_HUB, --context, the data folder of a hub on this machine, or where you signed in last. ' +
  "You are let in by --token, FLOTILLA_TOKEN, that hub's own file, or `flotilla login`.";

/**
 * The whole tree of commands. Only the verbs that appear in the arguments are loaded: the others are known by name and summary,
 * which is all that the list of verbs and a suggestion need, and `flotilla --version` waits for none of them.
 * @param words the arguments; null loads every verb.
 */
export async function buildProgram(context: CliContext, words: readonly string[] | null): Promise<Command> {
  const program = new Command('flotilla')
    .description(ABOUT)
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(new Command('help').argument('[verb]').description('Show help of a verb').helpGroup(HELP_GROUP))
    .option('--hub <url>', "the hub's address")
    .option('--token <token>', 'an API token; FLOTILLA_TOKEN keeps it out of the list of processes')
    .option('--context <name>', 'a hub that you signed in at (FLOTILLA_CONTEXT)')
    .option('--ca <file>', "PEM file of the hub's CA (FLOTILLA_CA)")
    .addHelpText('after', '\nHelp of a verb, with examples: flotilla help VERB');
  for (const { name, summary, group, load } of VERBS) {
    const command =
      words === null || words.includes(name) ? (await load())(context) : new Command(name).description(summary);
    program.addCommand(command.summary(summary).helpGroup(group));
  }
  settle(program, context);
  program.hook('preAction', async (_program, command) => {
    const { output } = command.opts<{ output?: unknown }>();
    if (typeof output === 'object' && output !== null) await (output as JsonPath).load();
  });
  return program;
}

/** What every command of the tree has: ends by an exception instead of the process, writes to the context, suggests. */
function settle(command: Command, context: CliContext): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.out(text),
      writeErr: (text) => context.error(text),
      getOutHelpWidth: () => 110,
      getErrHelpWidth: () => 110,
      getOutHasColors: () => context.colours,
      outputError: (text, write) => write(text.replace(/^error: (.)/, (_whole, first: string) => first.toUpperCase())),
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .showHelpAfterError(`See: ${pathOf(command)} --help`);
  if (command.parent) command.helpOption('-h, --help', 'show help');
  for (const child of command.commands) settle(child, context);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** Examples below a verb's help, each a line to paste and what it does. */
export function examples(lines: readonly (readonly [line: string, what: string])[]): string {
  const width = Math.max(...lines.map(([line]) => line.length));
  const list = lines.map(([line, what]) =>
    width > 64 ? `  # ${what}\n  ${line}` : `  ${line.padEnd(width)}   # ${what}`,
  );
  return `\nExamples:\n${list.join('\n')}`;
}
