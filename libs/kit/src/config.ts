import { z } from 'zod';
import { RejectedError } from './errors.js';
import { redactText } from './redact.js';

/** What a setting is to a person. */
export interface SettingDescription {
  /** Name of the environment variable. */
  readonly env: string;
  /** One sentence: what it sets, with the unit. */
  readonly description: string;
  /** Its value is never shown. */
  readonly secret?: boolean;
  /** Shown in place of a default that is worked out at start. */
  readonly defaultText?: string;
}

const settings = z.registry<SettingDescription>();

/**
 * Makes a schema a setting: `port: setting(integerSetting(0, 65535).default(8080), { env: 'FLOTILLA_PORT', description: '…' })`.
 * Wrap last, after `.default()` or `.optional()`. The schema gets the variable's text, or undefined when it is unset or empty.
 */
export function setting<S extends z.ZodType>(schema: S, description: SettingDescription): S {
  // A schema of its own, so that two settings may share one.
  const own = schema.clone();
  settings.add(own, description);
  return own;
}

/** A whole number in words that a person typed; refuses `1e3`, `0x10` and the like. */
export function integerSetting(minimum: number, maximum: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^-?\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message));
}

/** true/false, yes/no, on/off, 1/0. */
export function booleanSetting() {
  return z.stringbool({ error: 'must be true or false' });
}

/** A URL of one of the protocols, such as `['https:']`. */
export function urlSetting(protocols: readonly string[]) {
  return z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((each) => `${each}//`).join(' or ')}`,
    );
}

/** One URL or up to ten, separated by commas, as of the servers of a cluster; the text stays as it is. */
export function urlListSetting(protocols: readonly string[]) {
  const isUrl = (text: string): boolean => URL.canParse(text) && protocols.includes(new URL(text).protocol);
  return z
    .string()
    .max(4096)
    .refine(
      (text) => text.split(',').length <= 10 && text.split(',').every((each) => isUrl(each.trim())),
      `must be a URL that begins with ${protocols.map((each) => `${each}//`).join(' or ')}, or several separated by commas`,
    );
}

type SettingsSchema = z.ZodObject;
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every setting of `schema` from the environment. Throws one RejectedError (`config-invalid`) that lists each bad
 * setting by its variable's name, with what is wrong and what it would set.
 */
export function parseConfig<S extends SettingsSchema>(schema: S, env: Environment): z.output<S> {
  const input: Record<string, string | undefined> = {};
  for (const { key, about } of settingsOf(schema)) {
    const text = env[about.env]?.trim();
    if (text !== undefined && text !== '') input[key] = text;
  }
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const known = new Map(settingsOf(schema).map(({ key, about }) => [key, about]));
  const fields = new Map<string, string>();
  for (const issue of result.error.issues) {
    const key = String(issue.path[0] ?? '');
    const about = known.get(key);
    const path = about?.env ?? 'settings';
    if (!fields.has(path)) fields.set(path, explain(issue.message, input[key], about));
  }
  const list = [...fields].map(([path, message]) => ({ path, message }));
  const names = list.map((field) => field.path).join(', ');
  throw new RejectedError('config-invalid', `These settings need a change before the start: ${names}.`, {
    fields: list,
  });
}

function explain(problem: string, value: string | undefined, about: SettingDescription | undefined): string {
  const purpose = about === undefined ? '' : ` (${about.description})`;
  if (value === undefined && about !== undefined) return `must be set${purpose}`;
  const shown = value === undefined || about?.secret === true ? '' : `, is "${redactText(value.slice(0, 100))}"`;
  return `${problem}${shown}${purpose}`;
}

export interface DescribedSetting extends SettingDescription {
  readonly required: boolean;
  /** The default as text, or undefined where there is none. */
  readonly fallback?: string;
}

/** Every setting of a schema in its order. */
export function describeConfig(schema: SettingsSchema): readonly DescribedSetting[] {
  return settingsOf(schema).map(({ field, about }) => {
    const unset = z.safeParse(field, undefined);
    const value = unset.success && unset.data !== undefined ? defaultText(unset.data) : undefined;
    const fallback = about.defaultText ?? (about.secret === true ? undefined : value);
    return { ...about, required: !unset.success, ...(fallback === undefined ? {} : { fallback }) };
  });
}

/** The settings as lines for `--help`. */
export function configHelp(schema: SettingsSchema): string {
  const rows = describeConfig(schema);
  const width = Math.max(...rows.map((row) => row.env.length));
  return rows.map((row) => `  ${row.env.padEnd(width)}  ${row.description} ${note(row)}`.trimEnd()).join('\n');
}

/** The settings as a Markdown table for the docs. */
export function configTable(schema: SettingsSchema): string {
  const rows = describeConfig(schema).map(
    (row) =>
      `| \`${row.env}\` | ${escapeCell(row.description)} | ${row.required ? 'required' : escapeCell(row.fallback ?? '')} |`,
  );
  return ['| Setting | What it sets | Default |', '|---|---|---|', ...rows, ''].join('\n');
}

function note(row: DescribedSetting): string {
  if (row.required) return '(required)';
  return row.fallback === undefined ? '' : `(default: ${row.fallback})`;
}

function settingsOf(schema: SettingsSchema) {
  return Object.entries<unknown>(schema.shape).flatMap(([key, field]) => {
    const about = field instanceof z.ZodType ? settings.get(field) : undefined;
    return about === undefined ? [] : [{ key, field: field as z.ZodType, about }];
  });
}

function defaultText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
