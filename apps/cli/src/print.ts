import { styleText } from 'node:util';
import { dump } from 'js-yaml';
import { formatDuration } from '#domain';
import type { CliContext } from './context.js';
import type { JsonPath } from './json-path.js';

export const OUTPUTS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
/** A form by name, or a template. */
export type Output = (typeof OUTPUTS)[number] | JsonPath;
/** How one answer is printed: as text for people, or as the hub gives it. */
export const ANSWERS = ['text', 'json', 'yaml'] as const;
export type AnswerOutput = (typeof ANSWERS)[number] | JsonPath;

/** How a cell looks on a terminal. */
export type Tone = 'good' | 'busy' | 'bad' | 'faint';

const STYLES = { good: 'green', busy: 'yellow', bad: 'red', faint: 'dim' } as const;

/** A column: its heading, its text, and whether only `wide` shows it. */
export interface Column<T> {
  readonly heading: string;
  readonly text: (item: T) => string;
  /** Ours, before the text: it may begin with spaces, as the branches of a tree do. */
  readonly lead?: (item: T) => string;
  readonly tone?: (item: T) => Tone | undefined;
  readonly wide?: boolean;
  /** Its text changes with time alone: no reason to tell an item again. */
  readonly ticks?: boolean;
}

export interface TableOptions {
  readonly wide?: boolean;
  readonly colours?: boolean;
  /** Least widths, by column; those used are written back, so that later rows align with earlier ones. */
  readonly widths?: number[];
  readonly headings?: boolean;
}

/** Columns aligned by spaces, as kubectl prints them; an empty cell is a dash. */
export function table<T>(items: readonly T[], columns: readonly Column<T>[], options: TableOptions = {}): string {
  const { wide = false, colours = false, widths = [], headings = true } = options;
  const shown = columns.filter((column) => wide || column.wide !== true);
  const rows = items.map((item) => shown.map(({ text, lead }) => (lead?.(item) ?? '') + (plain(text(item)) || '-')));
  const top = shown.map(({ heading }) => heading);
  shown.forEach((_, index) => {
    const cells = [...(headings ? [top] : []), ...rows].map((row) => row[index]?.length ?? 0);
    widths[index] = cells.reduce((most, each) => Math.max(most, each), widths[index] ?? 0);
  });
  const line = (cells: readonly string[], paint: (cell: string, index: number) => string): string => {
    const texts = cells.map((cell, index) => {
      const gap = index === cells.length - 1 ? '' : ' '.repeat((widths[index] ?? 0) - cell.length + 3);
      return paint(cell, index) + gap;
    });
    return `${texts.join('')}\n`;
  };
  const body = rows.map((row, at) => {
    const item = items[at] as T;
    return line(row, (cell, index) => (colours ? painted(cell, shown[index]?.tone?.(item)) : cell));
  });
  return [...(headings ? [line(top, (cell) => cell)] : []), ...body].join('');
}

export function painted(text: string, tone: Tone | undefined): string {
  return tone === undefined ? text : styleText(STYLES[tone], text, { validateStream: false });
}

/** Untrusted text (a commit's subject, an agent's message) on one line and without anything that a terminal would obey. */
export function plain(text: string): string {
  return text.replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
}

/** Untrusted text of several lines: laid out as it is, and without anything that a terminal would obey. */
export function plainLines(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** What of items is shown in which form. */
export interface Shape<T> {
  readonly columns: readonly Column<T>[];
  /** `cluster/eu-1`. */
  readonly name: (item: T) => string;
  /** The object behind it, for JSON and YAML. */
  readonly shown: (item: T) => unknown;
  readonly empty: string;
}

/** Items in the form asked for. Several of them as YAML are several documents. */
export function render<T>(
  items: readonly T[],
  output: Output,
  shape: Shape<T>,
  options: { readonly single?: boolean; readonly colours?: boolean } = {},
): string {
  const whole = (): unknown =>
    options.single && items[0] !== undefined ? shape.shown(items[0]) : { items: items.map(shape.shown) };
  if (typeof output !== 'string') return output.print(whole());
  switch (output) {
    case 'json':
      return toJson(whole());
    case 'yaml':
      return items.map((item) => toYaml(shape.shown(item))).join('---\n');
    case 'name':
      return items.map((item) => `${shape.name(item)}\n`).join('');
    case 'table':
    case 'wide':
      if (items.length === 0) return `${shape.empty}\n`;
      return table(items, shape.columns, { wide: output === 'wide', colours: options.colours ?? false });
  }
}

/** What a terminal would obey, and JSON leaves as it is, is escaped: the same value to whoever reads it. */
export function toJson(value: unknown): string {
  const escaped = (each: string): string => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, escaped)}\n`;
}

export function toYaml(value: unknown, options: { readonly sortKeys?: boolean } = {}): string {
  return dump(value, { lineWidth: -1, noRefs: true, ...options });
}

/** Time since an ISO date, as `3m12s`; empty without one, and of what is none. */
export function age(iso: string | undefined, now = Date.now()): string {
  const at = iso === undefined ? Number.NaN : Date.parse(iso);
  if (Number.isNaN(at)) return '';
  return formatDuration(Math.max(0, Math.floor((now - at) / 1000) * 1000) || 1000);
}

/** The one object of an answer: as text for people, or as it is. */
export function printAnswer(context: CliContext, output: AnswerOutput, answer: unknown, text: string): void {
  if (typeof output !== 'string') return context.out(output.print(answer));
  context.out(output === 'json' ? toJson(answer) : output === 'yaml' ? toYaml(answer) : text);
}

/** `1 cluster`, `3 clusters`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/** `env=prod,tier=a`, sorted. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',');
}

/** A commit as people read it. */
export function shortRevision(revision: unknown): string {
  return typeof revision === 'string' ? revision.slice(0, 8) : '';
}
