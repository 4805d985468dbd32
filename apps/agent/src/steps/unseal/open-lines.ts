import { RejectedError } from '#kit';
import { unflatten } from './sops-metadata.js';
import type { SopsOpening } from './sops-opening.js';
import { isSealedText } from './sops-value.js';

const PREFIX = 'sops_';
const SECTION = 'sops';
/** Where the keys of an INI file are that stand before its first section. */
const FIRST_SECTION = 'DEFAULT';

/** The SOPS metadata of a file of lines such as `KEY=value`. */
export function envMetadata(text: string): unknown {
  const flat = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith(PREFIX) && at > 0) flat.set(line.slice(PREFIX.length, at), line.slice(at + 1));
  }
  return unflatten(flat);
}

/** Such a file as it was before it was encrypted. @throws RejectedError */
export function openEnv(text: string, opening: SopsOpening): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith('#')) {
      const comment = isSealedText(line.slice(1)) ? opening.comment([], line.slice(1)) : line.slice(1);
      if (comment !== null) lines.push(`#${comment}`);
    } else if (at > 0 && !line.startsWith(PREFIX)) {
      const key = line.slice(0, at);
      lines.push(`${key}=${openEnvValue(key, line.slice(at + 1), opening)}`);
    } else if (line !== '' && !line.startsWith(PREFIX)) {
      throw new RejectedError('sops-file', 'a line of it is no KEY=value');
    }
  }
  opening.expectWhole();
  return lines.map((line) => `${line}\n`).join('');
}

/** What stands behind each key of such a file, but for its SOPS metadata. */
export function envValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#') && !line.startsWith(PREFIX)) values.set(line.slice(0, at), line.slice(at + 1));
  }
  return values;
}

/** One value of such a file, in which a line's end is written as `\n`. */
export function openEnvValue(key: string, value: string, opening: SopsOpening): string {
  const plain = opening.open([key], value.replaceAll('\\n', '\n'));
  return plain === null ? value : plain.bytes.toString('utf8').replaceAll('\n', '\\n');
}

const HEAD = /^\s*\[([^\]]*)\]\s*$/;
const COMMENT = /^(\s*[#;]\s*)(.*)$/;
const SETTING = /^(\s*([^=:\s`"][^=:`"]*?)\s*[=:] ?\s*)(.*?)\s*$/;

/** The SOPS metadata of an INI file. */
export function iniMetadata(text: string): unknown {
  const flat = new Map<string, string>();
  eachSetting(text, (section, key, value) => {
    if (section === SECTION) flat.set(key, value);
  });
  return unflatten(flat);
}

/** An INI file as it was before it was encrypted. @throws RejectedError */
export function openIni(text: string, opening: SopsOpening): string {
  const lines: string[] = [];
  let section = FIRST_SECTION;
  for (const line of text.split('\n')) {
    section = HEAD.exec(line)?.[1] ?? section;
    if (section === SECTION) continue;
    const [, mark = '', said = ''] = COMMENT.exec(line) ?? [];
    const [, before = '', key = '', value = ''] = mark === '' ? (SETTING.exec(line) ?? []) : [];
    if (mark !== '' && isSealedText(said.trim())) {
      const comment = opening.comment([section], said);
      if (comment !== null) lines.push(...comment.split('\n').map((each) => mark + each.replace(/^[;#]\s*/, '')));
    } else if (key === '') {
      if (mark === '' && line.trim() !== '' && !HEAD.test(line)) throw new RejectedError('sops-file', NO_SETTING);
      lines.push(line);
    } else {
      const plain = opening.open([section, key], unquoted(value));
      lines.push(plain === null ? line : before + quoted(plain.bytes.toString('utf8')));
    }
  }
  opening.expectWhole();
  return `${lines.join('\n').trimEnd()}\n`;
}

const NO_SETTING = 'a line of it is no section, comment or key = value';

function eachSetting(text: string, act: (section: string, key: string, value: string) => void): void {
  let section = FIRST_SECTION;
  for (const line of text.split('\n')) {
    section = HEAD.exec(line)?.[1] ?? section;
    const [, , key = '', value = ''] = COMMENT.test(line) ? [] : (SETTING.exec(line) ?? []);
    if (key !== '') act(section, key, value);
  }
}

function unquoted(value: string): string {
  return /^(["'`])(.*)\1$/.exec(value)?.[2] ?? value;
}

function quoted(value: string): string {
  if (/[\n`]/.test(value)) return `"""${value}"""`;
  if (/[#;]/.test(value)) return `\`${value}\``;
  return value.trim() === value ? value : `"${value}"`;
}
