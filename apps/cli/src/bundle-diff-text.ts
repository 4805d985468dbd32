import type { BundleDiff, BundledObjectDiff, BundleDiffGroup } from '#contract';
import { counted, plain, plainLines } from './print.js';

/** Overlays and clusters that are named of a group. */
const MOST_NAMED = 5;

/** What differs between two releases: each change once, with who has it, and a unified diff per object. */
export function bundleDiffText({ from, to, groups, more }: BundleDiff): string {
  const sides = {
    from: from === undefined ? 'before' : `release-${from}`,
    to: to === undefined ? 'after' : `release-${to}`,
  };
  const rest = more > 0 ? [`# ${counted(more, 'more change')} of bundles not compared\n`] : [];
  return [...groups.map((group) => groupText(group, sides)), ...rest].join('');
}

interface Sides {
  readonly from: string;
  readonly to: string;
}

function groupText(group: BundleDiffGroup, sides: Sides): string {
  const { overlays, clusters, names, unchanged, objects, more } = group;
  const told = `${counted(clusters, 'cluster')}${clusters > 0 ? ` (${some(names, clusters)})` : ''}`;
  const changes = objects.length + more;
  return [
    `# ${some(overlays, overlays.length)}: ${told}, ${counted(changes, 'object')} differ${changes === 1 ? 's' : ''}, ${unchanged} the same\n`,
    ...objects.map((object) => objectText(object, sides)),
    ...(more > 0 ? [`# ${counted(more, 'more object')} not shown\n`] : []),
  ].join('');
}

function objectText({ object, change, diff, cut }: BundledObjectDiff, { from, to }: Sides): string {
  const label = plain(object.replace(' ', '/'));
  const head = `--- ${change === 'added' ? '/dev/null' : `${from}/${label}`}\n+++ ${change === 'removed' ? '/dev/null' : `${to}/${label}`}\n`;
  return `${head}${plainLines(diff)}${cut ? `${diff.endsWith('\n') ? '' : '\n'}# cut here: the diff is too long\n` : ''}`;
}

function some(names: readonly string[], of: number): string {
  const shown = names.slice(0, MOST_NAMED).map(plain);
  return of > shown.length ? `${shown.join(', ')} and ${of - shown.length} more` : shown.join(', ');
}
