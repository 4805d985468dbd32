import { lineAt, wordsOf } from './template-words.js';

/** Functions whose result is another at each render. */
const makers: ReadonlySet<string> = new Set([
  'randAlphaNum',
  'randAlpha',
  'randAscii',
  'randNumeric',
  'randBytes',
  'randInt',
  'shuffle',
  'uuidv4',
  'genPrivateKey',
  'genCA',
  'genCAWithKey',
  'genSelfSignedCert',
  'genSelfSignedCertWithKey',
  'genSignedCert',
  'genSignedCertWithKey',
  'htpasswd',
  'bcrypt',
  'encryptAES',
  'now',
  'ago',
]);

/** The order of what they answer is another at each render, unless it is sorted. */
const unordered: ReadonlySet<string> = new Set(['keys', 'values']);

const makerAnywhere = new RegExp(`\\{\\{[^}]*\\b(${[...makers].join('|')})\\b`);

export interface ChartWords {
  /** Renders beside the first one that are needed to find out whether something is made up. */
  readonly twins: number;
  /** Templates (paths below the chart) that call `lookup`, whether or not it comes to that. */
  readonly lookups: readonly { readonly file: string; readonly line: number }[];
  /** Whether it asks which API versions the cluster has. */
  readonly asksForApis: boolean;
  /** Whether it takes values for templates (`tpl`). */
  readonly rendersValues: boolean;
}

const template = /(^|\/)templates\//;

export function isTemplate(file: string): boolean {
  return template.test(file);
}

/**
 * What a chart's templates may do, by the names in them.
 * @param values texts that `tpl` may take for templates
 */
export function chartWordsOf(files: ReadonlyMap<string, Buffer>, values: readonly string[]): ChartWords {
  let makes = values.some((each) => makerAnywhere.test(each));
  let isUnordered = false;
  let asksForApis = false;
  let rendersValues = false;
  const lookups: { file: string; line: number }[] = [];
  for (const [file, content] of files) {
    if (!isTemplate(file)) continue;
    const text = content.toString('utf8');
    asksForApis ||= /\.APIVersions\b/.test(text);
    // Also in texts that are handed to `tpl`.
    makes ||= makerAnywhere.test(text);
    for (const { word, at, rest } of wordsOf(text)) {
      if (makers.has(word)) makes = true;
      else if (unordered.has(word) && !/\b(sortAlpha|len)\b/.test(rest)) isUnordered = true;
      else if (word === 'tpl') rendersValues = true;
      else if (word === 'lookup') lookups.push({ file, line: lineAt(text, at) });
    }
  }
  // Two keys are in the same order every other time.
  return { twins: isUnordered ? 3 : makes ? 1 : 0, lookups, asksForApis, rendersValues };
}
