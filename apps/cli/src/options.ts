import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '#domain';
import { OUTPUTS } from './print.js';

/** `-o` of lists. */
export function outputOption(): Option {
  return new Option('-o, --output <form>', 'how to print').choices(OUTPUTS).default('table');
}

/** `-o` of answers: text for people, or the hub's answer as it is. */
export function answerOption(): Option {
  return new Option('-o, --output <form>', 'how to print').choices(['text', 'json', 'yaml']).default('text');
}

export interface AnswerOptions {
  readonly output: 'text' | 'json' | 'yaml';
}

/** `--reason`: kept in the history and the audit. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why; kept in the history');
}

/** Values of an option that may be given several times, or separated by commas. */
export function severally(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(',').filter((part) => part !== '')];
}

/** Values of an option that may be given several times. */
export function repeatedly(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

export function positive(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

/** Milliseconds of `30s`, `5m`, `1h30m`. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m or 1h30m.');
}
