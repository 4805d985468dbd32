import type { DiffView, ObjectDiff } from '#contract';
import { objectText } from './ask-cluster.js';
import { plain, plainLines, toYaml } from './print.js';
import { unifiedDiff } from '#domain';

/** What an apply would change in a cluster: a unified diff per object, from what is there to what Git makes of it. */
export function liveDiffText({ objects }: DiffView): string {
  return objects.map(objectDiff).join('');
}

/** The objects that could not be compared, a line each; empty: none. */
export function liveDiffErrors({ objects }: DiffView): string {
  return objects
    .filter(({ change }) => change === 'error')
    .map((each) => `${plain(objectText(each))} can't be compared: ${plain(each.message ?? 'no reason told')}\n`)
    .join('');
}

function objectDiff(object: ObjectDiff): string {
  const { change, live, desired, message } = object;
  if (change === 'error') return '';
  const label = plain([object.kind, object.namespace, object.name].filter((word) => word !== undefined).join('/'));
  const text = unifiedDiff(face(live), face(desired), {
    from: change === 'added' ? '/dev/null' : `live/${label}`,
    to: change === 'removed' ? '/dev/null' : `git/${label}`,
  });
  if (text !== '') return text;
  // Its body was too large to be sent.
  return `# ${label} ${change}${message === undefined ? '' : `: ${plain(message)}`}\n`;
}

function face(body: ObjectDiff['live']): string {
  return body === undefined ? '' : plainLines(toYaml(body, { sortKeys: true }));
}
