import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '#domain';
import { messageOf } from '#kit';
import { JsonPath } from './json-path.js';
import { ANSWERS, OUTPUTS, type AnswerOutput } from './print.js';

/** `-o` of lists. */
export function outputOption(): Option {
  return formOption(OUTPUTS).default('table');
}

/** `-o` of answers: text for people, or the hub's answer as it is. */
export function answerOption(): Option {
  return formOption(ANSWERS).default('text');
}

export interface AnswerOptions {
  readonly output: AnswerOutput;
}

const JSONPATH = 'jsonpath=';

/** The names are what completion and help offer; a template can be offered by nobody. */
function formOption(names: readonly string[]): Option {
  const option = new Option('-o, --output <form>', 'how to print').choices([...names, `${JSONPATH}TEMPLATE`]);
  return option.argParser((text) => {
    if (names.includes(text)) return text;
    if (text.startsWith(JSONPATH)) return parseTemplate(text.slice(JSONPATH.length));
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}, ${JSONPATH}TEMPLATE.`);
  });
}

function parseTemplate(template: string): JsonPath {
  try {
    return JsonPath.parse(template);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** `-w` of whatever is read. */
export function watchOption(): Option {
  return new Option('-w, --watch', 'go on showing changes until Ctrl-C');
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

/** A time in the past: `2h` ago, or a time as it is; ISO 8601. */
export function sinceTime(text: string): string {
  return timeOf(text, -1);
}

/** A time to come: in `2h`, or a time as it is; ISO 8601. */
export function untilTime(text: string): string {
  return timeOf(text, 1);
}

function timeOf(text: string, sign: 1 | -1): string {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return new Date(Date.now() + sign * ms).toISOString();
  const at = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at)) return new Date(at).toISOString();
  throw new InvalidArgumentError('It must be a duration such as 2h, or a time such as 2030-01-31T15:00:00Z.');
}

/** From 0 to 1, or a percentage. */
export function share(text: string): number {
  const value = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a share such as 5% or 0.05.');
}

/** Milliseconds of `30s`, `5m`, `1h30m`. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw new InvalidArgumentError('It must be a duration such as 30s, 5m or 1h30m.');
}
