import { EVENT_ID, getScalarValue, load, parseEvents, YAMLException, type Event } from 'js-yaml';
import type { Path } from './json-schema.js';

/** Where a field stands in the text: of a mapping's field its name, of a list's entry its beginning. */
export interface Place {
  readonly path: Path;
  readonly offset: number;
}

export type Draft =
  | { readonly state: 'empty' }
  /** It is no YAML. `line` counts from one. */
  | { readonly state: 'broken'; readonly line: number; readonly message: string }
  | { readonly state: 'read'; readonly value: unknown; readonly places: readonly Place[] };

/** As much as a strategy ever needs; more is a mistake with the clipboard. */
const MAX_TEXT = 256 * 1024;

/** Reads YAML, of which JSON is a part, and remembers where each field stands. */
export function readDraft(text: string): Draft {
  if (text.trim() === '') return { state: 'empty' };
  if (text.length > MAX_TEXT) return { state: 'broken', line: 1, message: 'must have at most 256 KiB' };
  try {
    return { state: 'read', value: load(text), places: placesOf(parseEvents(text, {}), text) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { state: 'broken', line: brokenLine(error, text), message: mended(error.reason) };
  }
}

function brokenLine({ mark }: YAMLException, text: string): number {
  if (mark) return Math.min(mark.line + 1, text.split('\n').length);
  // What stands nowhere is a second document.
  const second = text.split('\n').findIndex((line, index) => index > 0 && /^---(\s|$)/.test(line));
  return second + 1 || 1;
}

function mended(reason: string): string {
  if (/tab/i.test(reason)) return `${reason}: indent with spaces`;
  if (/single document/i.test(reason)) return 'holds more than one document: one strategy at a time, without ---';
  return reason;
}

interface Frame {
  readonly path: Path;
  /** A mapping: whether a name comes next. */
  isName: boolean;
  name: string;
  /** A list: the next entry. */
  index: number;
  readonly kind: 'mapping' | 'list' | 'document';
}

function placesOf(events: readonly Event[], text: string): Place[] {
  const places: Place[] = [];
  const stack: Frame[] = [];
  const add = (path: Path, offset: number): void => {
    // What is left out (`soak:` and nothing) stands nowhere.
    if (offset >= 0) places.push({ path, offset });
  };
  /** The path of the node that comes now; null: it is a name itself. */
  const enter = (offset: number, name: string | null): Path | null => {
    const parent = stack.at(-1);
    if (!parent || parent.kind === 'document') return [];
    if (parent.kind === 'list') {
      const path = [...parent.path, parent.index];
      parent.index += 1;
      add(path, offset);
      return path;
    }
    parent.isName = !parent.isName;
    if (parent.isName) return [...parent.path, parent.name];
    parent.name = name ?? '';
    add([...parent.path, parent.name], offset);
    return null;
  };
  const push = (kind: Frame['kind'], path: Path): void =>
    void stack.push({ kind, path, isName: true, name: '', index: 0 });
  for (const event of events) {
    switch (event.type) {
      case EVENT_ID.DOCUMENT:
        push('document', []);
        break;
      case EVENT_ID.MAPPING:
        push('mapping', enter(event.start, null) ?? []);
        break;
      case EVENT_ID.SEQUENCE:
        push('list', enter(event.start, null) ?? []);
        break;
      case EVENT_ID.SCALAR:
        enter(event.valueStart, getScalarValue(text, event));
        break;
      case EVENT_ID.ALIAS:
        enter(event.anchorStart, null);
        break;
      default:
        stack.pop();
    }
  }
  return places;
}

/** Where a path stands, or the nearest field around it that is there; counts from one. */
export function lineOf(path: Path, places: readonly Place[], text: string): number {
  for (let length = path.length; length > 0; length -= 1) {
    const key = JSON.stringify(path.slice(0, length));
    const place = places.find((each) => JSON.stringify(each.path) === key);
    if (place) return text.slice(0, place.offset).split('\n').length;
  }
  return 1;
}

/** The field in which a place of the text is; undefined before the first. */
export function pathAt(offset: number, places: readonly Place[]): Path | undefined {
  return places.filter((place) => place.offset <= offset).at(-1)?.path;
}
