import type { Command, Option } from 'commander';
import { sortOfArgument, sortOfOption, type Sort } from './arguments.js';

/** What may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  /** One line, for shells that show it. */
  readonly what?: string;
}

export interface Completed {
  readonly candidates: readonly Candidate[];
  /** The shell is to offer files instead. */
  readonly files?: true;
  /** The word goes on after what is offered: `cluster/`, `--output=`. */
  readonly open?: true;
}

/** Names of a sort at the hub; of `ofKind` those of that kind. Never rejects: a hub that is away has no names. */
export type NamesOf = (
  sort: Exclude<Sort, 'free' | 'files'>,
  word: string,
  kind?: string,
) => Promise<readonly string[]>;

/**
 * What a shell is to offer for the last word, by the words before it. Only what begins with that word.
 * @param words all words after `flotilla`, the last one perhaps empty.
 */
export async function complete(program: Command, words: readonly string[], namesOf: NamesOf): Promise<Completed> {
  const last = words.at(-1) ?? '';
  const { command, given, valueOf } = walk(program, words.slice(0, -1));
  if (valueOf !== null) return valuesOf(valueOf, last, '', namesOf);
  const [, flag, text] = /^(--[a-z-]+)=(.*)$/.exec(last) ?? [];
  const option = flag === undefined ? undefined : optionsOf(command).find(({ long }) => long === flag);
  if (option !== undefined) return valuesOf(option, text ?? '', `${flag}=`, namesOf);
  if (last.startsWith('-')) return { candidates: begin(flagsOf(command), last) };
  if (command.commands.length > 0) return { candidates: given.length === 0 ? begin(verbsOf(command), last) : [] };
  return argumentOf(command, { given, last }, namesOf);
}

interface Walked {
  readonly command: Command;
  /** Arguments of that command that are there already. */
  readonly given: readonly string[];
  /** The option whose value comes next. */
  readonly valueOf: Option | null;
}

function walk(program: Command, before: readonly string[]): Walked {
  let command = program;
  let given: string[] = [];
  let valueOf: Option | null = null;
  for (const word of before) {
    if (valueOf !== null) {
      valueOf = null;
    } else if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => word === long || word === short);
      if (option?.required) valueOf = option;
    } else {
      const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (child === undefined) given.push(word);
      else [command, given] = [child, []];
    }
  }
  return { command, given, valueOf };
}

async function argumentOf(
  command: Command,
  { given, last }: { readonly given: readonly string[]; readonly last: string },
  namesOf: NamesOf,
): Promise<Completed> {
  const all = command.registeredArguments;
  const argument = all[given.length] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  if (argument === undefined) return { candidates: [] };
  if (argument.argChoices !== undefined) return { candidates: begin(argument.argChoices.map(candidate), last) };
  const sort = sortOfArgument(pathOf(command), argument.name()) ?? 'free';
  const found = await named(sort, last, namesOf, given[0]);
  // What is there already is not offered again.
  return { ...found, candidates: found.candidates.filter(({ value }) => !given.includes(value)) };
}

async function valuesOf(option: Option, word: string, before: string, namesOf: NamesOf): Promise<Completed> {
  const found =
    option.argChoices === undefined
      ? await named(sortOfOption(option.long ?? ''), word, namesOf)
      : openIfUnfinished(begin(option.argChoices.map(beginning), word));
  return { ...found, candidates: found.candidates.map((each) => ({ ...each, value: `${before}${each.value}` })) };
}

async function named(sort: Sort, word: string, namesOf: NamesOf, kind?: string): Promise<Completed> {
  if (sort === 'free') return { candidates: [] };
  if (sort === 'files') return { candidates: [], files: true };
  return openIfUnfinished(begin((await namesOf(sort, word, kind)).map(candidate), word));
}

/** What ends in the middle of a word is gone on with. */
function openIfUnfinished(candidates: readonly Candidate[]): Completed {
  const unfinished = candidates.length > 0 && candidates.every(({ value }) => /[/=]$/.test(value));
  return unfinished ? { candidates, open: true } : { candidates };
}

function begin(candidates: readonly Candidate[], word: string): readonly Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(word));
}

/** Of a form with a template in it, `jsonpath=TEMPLATE`, only what comes before. */
function beginning(choice: string): Candidate {
  return candidate(choice.replace(/=[A-Z]+$/, '='));
}

function candidate(value: string): Candidate {
  return { value };
}

function verbsOf(command: Command): readonly Candidate[] {
  return command.commands.map((each) => ({ value: each.name(), what: each.summary() || firstSentence(each) }));
}

function firstSentence(command: Command): string {
  return command.description().split(/[.;:] /)[0] ?? '';
}

function optionsOf(command: Command): readonly Option[] {
  return command.parent === null ? command.options : [...command.options, ...optionsOf(command.parent)];
}

function flagsOf(command: Command): readonly Candidate[] {
  const options = optionsOf(command).flatMap(({ long, description, hidden }) =>
    long === undefined || long === null || hidden ? [] : [{ value: long, what: description }],
  );
  return [...options, { value: '--help', what: 'show help' }];
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
