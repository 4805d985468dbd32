import { setImmediate } from 'node:timers/promises';
import { FAILSAFE_SCHEMA, load } from 'js-yaml';

/** One version as a repository's index lists it. */
export interface IndexEntry {
  readonly version: string;
  /** 64 hexadecimal digits, or absent: an index need not tell it. */
  readonly digest?: string;
  readonly created?: string;
  readonly description?: string;
  /** Where the pack is; relative ones count from the repository. */
  readonly urls: readonly string[];
}

/** What an index is at fault for, as a sentence's end. */
export class BadIndex extends Error {}

/** Versions of one chart. */
const MAX_VERSIONS = 20_000;
/** Bytes of one version. */
const MAX_ENTRY_BYTES = 1024 * 1024;
/** Letters of what is kept of a version, field by field. */
const MAX_TEXT = 4096;
/** Read between two looks at what else the hub has to do. */
const TURN_BYTES = 128 * 1024;
const TURN_LINES = 50_000;
/** Of an index that is not written line by line, which is read at once. */
const MAX_FLOW_BYTES = 4 * 1024 * 1024;

/**
 * The versions of one chart in an index.yaml; null: it has no such chart. An index may have 50 MB: only the lines of the one chart are read as YAML, one
 * version after the other, so that the hub goes on with its other work meanwhile.
 * @throws BadIndex
 */
export async function readIndex(index: Buffer, chart: string): Promise<readonly IndexEntry[] | null> {
  const first = /^\s*([^\s#])/.exec(index.toString('utf8', 0, 1024))?.[1];
  if (first === '{') return readWhole(index, chart);
  const lines = new IndexLines(index);
  const block = await lines.findChart(chart);
  if (block === 'flow') return readWhole(index, chart);
  if (block === null) return null;
  const entries: IndexEntry[] = [];
  let unread = 0;
  for (const [start, end] of block) {
    if (end - start > MAX_ENTRY_BYTES) throw new BadIndex(`has a version of ${chart} of more than a megabyte`);
    if (entries.length >= MAX_VERSIONS) throw new BadIndex(`has more than ${MAX_VERSIONS} versions of ${chart}`);
    unread += end - start;
    if (unread > TURN_BYTES) {
      unread = 0;
      await setImmediate();
    }
    const parsed = parse(index.toString('utf8', start, end));
    const entry = entryOf(Array.isArray(parsed) ? (parsed as unknown[])[0] : null);
    if (entry) entries.push(entry);
  }
  return entries;
}

/** One written as JSON, or in another form that lines tell nothing of. */
function readWhole(index: Buffer, chart: string): readonly IndexEntry[] | null {
  const text = index.toString('utf8');
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    if (index.length > MAX_FLOW_BYTES) throw new BadIndex('is neither JSON nor YAML as Helm writes it');
    whole = parse(text);
  }
  const entries = fieldOf(whole, 'entries');
  if (typeof entries !== 'object' || entries === null) throw new BadIndex('has no entries');
  const versions = fieldOf(entries, chart);
  if (!Array.isArray(versions)) return null;
  if (versions.length > MAX_VERSIONS) throw new BadIndex(`has more than ${MAX_VERSIONS} versions of ${chart}`);
  return versions.map(entryOf).filter((entry) => entry !== null);
}

/** Every scalar is text: `1.10` is a version, and no number. */
function parse(text: string): unknown {
  try {
    return load(text, { schema: FAILSAFE_SCHEMA });
  } catch {
    throw new BadIndex('is no YAML that can be read');
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function entryOf(value: unknown): IndexEntry | null {
  const text = (name: string): string | undefined => {
    const found = fieldOf(value, name);
    return typeof found === 'string' && found !== '' ? copyOf(found) : undefined;
  };
  const version = text('version');
  if (version === undefined || version.length > 256) return null;
  const digest = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text('digest') ?? '')?.[1]?.toLowerCase();
  const [created, description, urls] = [text('created'), text('description'), fieldOf(value, 'urls')];
  return {
    version,
    ...(digest !== undefined && { digest }),
    ...(created !== undefined && { created }),
    ...(description !== undefined && { description }),
    urls: Array.isArray(urls)
      ? urls
          .filter((url): url is string => typeof url === 'string')
          .slice(0, 1)
          .map(copyOf)
      : [],
  };
}

/** A text of its own: a part of another keeps all of that in memory as long as it lives itself. */
function copyOf(text: string): string {
  return Buffer.from(text.slice(0, MAX_TEXT)).toString('utf8');
}

type Span = readonly [start: number, end: number];

/** Lines of an index in blocks, as Helm writes it: `entries:`, a chart's name, and a dash for each version. */
class IndexLines {
  constructor(private readonly index: Buffer) {}

  /** Where each version of the chart is; `flow`: this is not written in lines. @throws BadIndex */
  async findChart(chart: string): Promise<readonly Span[] | null | 'flow'> {
    const spans: number[] = [];
    let inEntries = false;
    let keyIndent = -1;
    let inChart = false;
    let itemIndent = -1;
    let end = -1;
    let lines = 0;
    for (let at = 0; at < this.index.length && end < 0;) {
      lines += 1;
      if (lines % TURN_LINES === 0) await setImmediate();
      const { indent, next } = this.lineAt(at);
      // Most lines are deep in other charts, and are not even read as text.
      if (!inChart && keyIndent >= 0 && indent > keyIndent) {
        at = next;
        continue;
      }
      const text = this.textAt(at + indent, next);
      if (text === '' || text.startsWith('#') || (indent === 0 && /^(---|\.\.\.|%)/.test(text))) {
        at = next;
        continue;
      }
      if (!inEntries) {
        const entries = indent === 0 ? /^entries\s*:(.*)$/.exec(text) : null;
        if (entries !== null) {
          if (!isEmpty(entries[1] ?? '')) return 'flow';
          inEntries = true;
        }
      } else if (indent === 0 && !text.startsWith('- ')) {
        end = at;
      } else if (keyIndent < 0 || (indent === keyIndent && !isItem(text))) {
        keyIndent = indent;
        if (inChart) end = at;
        const key = keyOf(text);
        inChart ||= key.name === chart;
        if (inChart && end < 0 && !isEmpty(key.rest)) return 'flow';
      } else if (inChart && isItem(text) && (itemIndent < 0 || indent === itemIndent)) {
        itemIndent = indent;
        spans.push(at);
      }
      at = next;
    }
    if (!inEntries) throw new BadIndex('has no entries');
    if (!inChart) return null;
    const bounds = [...spans, end < 0 ? this.index.length : end];
    return spans.map((start, index) => [start, bounds[index + 1] ?? start]);
  }

  private lineAt(at: number): { readonly indent: number; readonly next: number } {
    const found = this.index.indexOf(10, at);
    const next = found < 0 ? this.index.length : found + 1;
    let start = at;
    while (start < next && this.index[start] === 32) start += 1;
    return { indent: start - at, next };
  }

  /** Only a line's beginning: keys are short, and what is longer is no key of interest. */
  private textAt(start: number, next: number): string {
    return this.index.toString('utf8', start, Math.min(next, start + 300)).trimEnd();
  }
}

function isItem(text: string): boolean {
  return text === '-' || text.startsWith('- ');
}

function isEmpty(rest: string): boolean {
  return /^\s*(#.*)?$/.test(rest);
}

function keyOf(text: string): { readonly name: string; readonly rest: string } {
  const [, double, single, plain, rest = ''] = /^(?:"([^"]*)"|'([^']*)'|([^:\s]+))\s*:(.*)$/.exec(text) ?? [];
  return { name: double ?? single ?? plain ?? '', rest };
}
