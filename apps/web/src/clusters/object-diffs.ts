import { dump } from 'js-yaml';
import type { ObjectDiff } from '#contract';
import { diffHunks } from '#domain/unified-diff';

/** From what is in the cluster to what Git makes of it, as YAML with sorted keys; empty where a body was not sent. */
export function objectDiffText({ live, desired }: Pick<ObjectDiff, 'live' | 'desired'>): string {
  return diffHunks(yaml(live), yaml(desired));
}

function yaml(body: ObjectDiff['live']): string {
  return body === undefined ? '' : dump(body, { lineWidth: -1, noRefs: true, sortKeys: true });
}

/** What an apply would do with it. */
export const CHANGE_WORDS: Readonly<Record<ObjectDiff['change'], { readonly word: string; readonly state: string }>> = {
  error: { word: 'can’t be compared', state: 'failed' },
  removed: { word: 'would be deleted', state: 'leaving' },
  changed: { word: 'would be changed', state: 'drifted' },
  added: { word: 'would be created', state: 'progressing' },
};
