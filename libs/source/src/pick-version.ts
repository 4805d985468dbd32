import semver from 'semver';
import { RejectedError } from '#kit';

export interface VersionRange {
  /** As npm writes them: `>=1.2 <2`, `^1.4`, `1.x || 2.x`, `*`. */
  readonly range: string;
  /** Whether pre-releases are taken although the range names none of that version. */
  readonly prereleases: boolean;
}

/** Longest text that is read as a version. */
const MAX_VERSION_LENGTH = 256;
/** Most versions that a message names. */
const SHOWN = 5;

interface Named {
  readonly name: string;
  readonly version: semver.SemVer;
}

/**
 * The names within a range, the newest first: `v1.4.2` is the version 1.4.2, and what is no version of three numbers (`latest`, `v1`) is passed over.
 * Of one version under several names the one without a `v` goes first; of several builds of one version the greater text.
 * @throws RejectedError `range-invalid` for a text that is no range; `version-not-found` where nothing fits, with what there is instead.
 */
export function pickVersions(
  names: readonly string[],
  { range: text, prereleases }: VersionRange,
  /** Whose versions they are, and the field that names the range. */
  about: { readonly of: string; readonly field: string },
): readonly string[] {
  const range = semver.validRange(text) === null ? null : new semver.Range(text, { includePrerelease: prereleases });
  if (range === null) {
    const mend = 'write it as ">=1.2 <2" or "^1.4"';
    throw new RejectedError(
      'range-invalid',
      `${about.field} ${JSON.stringify(text)} is no range of versions: ${mend}.`,
    );
  }
  const known = names.map(read).filter((each) => each !== null);
  const fitting = known.filter(({ version }) => range.test(version)).sort(newestFirst);
  if (fitting.length > 0) return fitting.map(({ name }) => name);
  const message = `${about.of} has no version within ${about.field} ${JSON.stringify(text)}. ${instead(known, names.length, text)}`;
  throw new RejectedError('version-not-found', message, { range: text });
}

/** The version that a name tells; null: none. */
export function versionOf(name: string): string | null {
  return read(name)?.version.version ?? null;
}

function read(name: string): Named | null {
  if (name.length > MAX_VERSION_LENGTH) return null;
  const version = semver.parse(name.replace(/^v(?=\d)/, ''));
  return version && { name, version };
}

function newestFirst(left: Named, right: Named): number {
  const order = semver.compareBuild(right.version, left.version);
  // A digit goes before a `v`.
  return order !== 0 ? order : left.name < right.name ? -1 : 1;
}

/** What is just below and just above a range that nothing fits. */
function instead(known: readonly Named[], names: number, range: string): string {
  if (known.length === 0) {
    return names === 0 ? 'It has none at all.' : `None of its ${names} is a version of three numbers, such as v1.2.3.`;
  }
  const asked = known.filter(({ version }) => semver.satisfies(version, range, { includePrerelease: true }));
  if (asked.length > 0) {
    return `Only pre-releases are: ${shown(asked.sort(newestFirst))}; set prereleases: true to take them.`;
  }
  const above = known.filter(({ version }) => semver.gtr(version, range)).sort((a, b) => newestFirst(b, a));
  const others = known.filter(({ version }) => !semver.gtr(version, range)).sort(newestFirst);
  return `The nearest are ${shown([...others.slice(0, 3), ...above.slice(0, 2)])}.`;
}

function shown(named: readonly Named[]): string {
  return named
    .slice(0, SHOWN)
    .map(({ name }) => name)
    .join(', ');
}
