/** A word of a Go template that names a function (or a variable of a `define`): not a field, a variable or part of a text. */
export interface TemplateWord {
  readonly word: string;
  /** Offset in the text. */
  readonly at: number;
  /** The rest of the action that it stands in. */
  readonly rest: string;
}

/**
 * The bare words in a template's actions. Texts, comments, fields (`.Values.now`) and variables (`$now`) are none; what a text inside
 * an action says to `tpl` is not looked into.
 */
export function wordsOf(template: string): readonly TemplateWord[] {
  const words: TemplateWord[] = [];
  for (let open = template.indexOf('{{'); open !== -1;) {
    const end = readAction(template, open + 2, words);
    open = template.indexOf('{{', end);
  }
  return words;
}

const token =
  /\/\*[\s\S]*?(?:\*\/|$)|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|\}\}|[.$]?[\p{L}_][\p{L}\p{Nd}_]*/uy;

function readAction(template: string, from: number, words: TemplateWord[]): number {
  const mine: { word: string; at: number }[] = [];
  let at = from;
  let end = template.length;
  while (at < template.length) {
    token.lastIndex = at;
    const found = token.exec(template)?.[0];
    if (found === undefined) {
      at += 1;
      continue;
    }
    if (found === '}}') {
      end = at;
      break;
    }
    // A field of something in parentheses, `(now).Unix`, has its dot before it as any other.
    if (/^[\p{L}_]/u.test(found)) mine.push({ word: found, at });
    at += found.length;
  }
  for (const each of mine) words.push({ ...each, rest: template.slice(each.at + each.word.length, end) });
  return Math.min(end + 2, template.length);
}

/** A text with some of its words replaced; null where none of them is in it. */
export function replaceWords(template: string, by: Readonly<Record<string, string>>): string | null {
  const found = wordsOf(template).filter(({ word }) => Object.hasOwn(by, word));
  if (found.length === 0) return null;
  const parts: string[] = [];
  let from = 0;
  for (const { word, at } of found) {
    parts.push(template.slice(from, at), by[word] ?? word);
    from = at + word.length;
  }
  parts.push(template.slice(from));
  return parts.join('');
}

/** The line that an offset is in, the first being 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}
