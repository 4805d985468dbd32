import type { FleetChange, FleetPlan, FleetStatus } from '#contract';
import type { ActAnswer } from '../ui/act-dialog.js';
import { counted, shortRevision } from '../ui/text.js';

/** What a person reads of each state, and the shape that it has. */
export const STATE_LOOKS: Readonly<Record<FleetStatus['state'], { readonly state: string; readonly word: string }>> = {
  new: { state: 'waiting', word: 'nothing applied yet' },
  current: { state: 'healthy', word: 'as Git says' },
  drifted: { state: 'drifted', word: 'changed by hand' },
  pending: { state: 'waiting', word: 'a commit waits' },
  held: { state: 'failed', word: 'refused' },
};

/** How the fleet stands to its files, in one sentence. */
export function stateSentence({ state, revision, applied, drift, apply, byHand }: FleetStatus): string {
  const newest = `commit ${shortRevision(revision)}`;
  switch (state) {
    case 'new':
      return revision === undefined
        ? 'The repository has not been read yet, so nothing of it is applied.'
        : `Nothing was applied yet: ${newest} ${apply === 'manual' ? 'waits for a person' : 'is on its way'}.`;
    case 'current':
      return `All is as ${newest} says${byHand === 'refuse' ? ', and nobody changes it by hand' : ''}.`;
    case 'drifted':
      return `${counted(drift.length, 'object')} ${drift.length === 1 ? 'was' : 'were'} changed by hand since ${newest} was applied: to apply it again puts that back.`;
    case 'pending':
      return `The newest ${newest} is not applied${apply === 'manual' ? ' and waits for a person' : ' yet'}.`;
    case 'held':
      return applied
        ? `Something is in the way of the newest commit: all stays as commit ${shortRevision(applied.revision)} said.`
        : 'Something is in the way of the first commit: all stays as it is.';
  }
}

/** `released` as people understand it. */
export const CHANGE_WORDS: Readonly<Record<FleetChange['change'], string>> = {
  created: 'created',
  configured: 'changed',
  adopted: 'taken in again',
  deleted: 'deleted',
  released: 'declared no more, and left as it is',
};

/** What applying did, or would do, as every act tells it. */
export function applyAnswer({ revision, objects, changes, dryRun }: FleetPlan): ActAnswer {
  const what = changes.length === 0 ? 'nothing changes' : counted(changes.length, 'change');
  return {
    changed: changes.length > 0,
    changes: changes.map(({ kind, name, change, file }) => `${kind} ${name}: ${CHANGE_WORDS[change]} (${file})`),
    message: `${dryRun ? 'Commit' : 'Applied: commit'} ${shortRevision(revision)}, which declares ${counted(objects, 'object')}: ${what}.`,
  };
}

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly file: string;
}

/** Pure: those with the text in their kind, name or file. */
export function withWord<Each extends Named>(all: readonly Each[], q: string): readonly Each[] {
  const wanted = q.trim().toLowerCase();
  return wanted === ''
    ? all
    : all.filter(({ kind, name, file }) => `${kind}/${name} ${file}`.toLowerCase().includes(wanted));
}
