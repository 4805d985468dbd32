import { RejectedError } from '#kit';
import type { ProgramFailed } from '../run-program.js';
import type { ChartWords } from './chart-words.js';
import { placeOf } from './helm-says.js';
import { LOOKUP_MARK } from './prepare-chart.js';
import { lineAt } from './template-words.js';
import type { ValuesText } from './values-files.js';

const why =
  'lookup asks a cluster for what it has, and the hub renders for many clusters at once and asks none: ' +
  'give the chart what it looks for as a value (a name such as existingSecret, or a password).';

/** As Go writes a call; other programs that know `{{ }}`, such as Ansible, have `lookup(`. */
const call = /\{\{[^}]*\blookup\s+(\\?["`]|[.$(])/;

/**
 * Refuses values that are templates with `lookup` in them, where the chart renders values at all.
 * @throws RejectedError `helm-lookup`
 */
export function refuseLookups({ rendersValues }: ChartWords, values: readonly ValuesText[]): void {
  if (!rendersValues) return;
  for (const { name, text } of values) {
    if (!text.includes('lookup')) continue;
    // What is commented out is an example.
    const lines = text.toString('utf8').replace(/^\s*#.*$/gm, '');
    const found = call.exec(lines);
    if (found !== null) throw refused(`${name}, line ${lineAt(lines, found.index)}`);
  }
}

/** The error of a render that came to a `lookup`; null where it failed for something else. */
export function toLookupError({ stderr }: ProgramFailed, folder: string): RejectedError | null {
  return stderr.includes(LOOKUP_MARK) ? refused(placeOf(stderr) ?? folder) : null;
}

function refused(place: string): RejectedError {
  return new RejectedError('helm-lookup', `${place}: ${why}`, { place });
}
