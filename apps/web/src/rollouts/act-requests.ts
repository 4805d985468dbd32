import type { RolloutView } from '#contract';
import { part } from '../api/client.js';
import type { Act } from '../ui/act-dialog.js';
import type { ActId } from './offered-acts.js';

/** What is asked for: an act of the whole rollout, or of some of its clusters. */
export interface Asked {
  readonly id: ActId;
  readonly verb: string;
  readonly clusters?: readonly string[];
}

/** What the dialog's own fields say. */
export interface ActFields {
  readonly hard: boolean;
  readonly accept: boolean;
  /** A wave's name; empty: the one that waits. */
  readonly wave: string;
  readonly withoutPrevious: '' | 'keep' | 'withdraw';
}

export const NO_FIELDS: ActFields = { hard: false, accept: false, wave: '', withoutPrevious: '' };

const REASONS: Readonly<Record<ActId, Act['reason']>> = {
  pause: 'optional',
  resume: 'optional',
  approve: 'optional',
  retry: 'optional',
  promote: 'optional',
  replan: 'optional',
  reject: 'required',
  skip: 'required',
  rollback: 'required',
  cancel: 'required',
};

const TITLES: Readonly<Record<ActId, string>> = {
  pause: 'Pause',
  resume: 'Resume',
  approve: 'Approve',
  reject: 'Reject',
  retry: 'Retry in',
  skip: 'Skip in',
  promote: 'Promote',
  replan: 'Replan',
  rollback: 'Roll back',
  cancel: 'Cancel',
};

/** Pure: the request of an act. `planDigest`: of the plan that was on the screen when it was asked for. */
export function actRequest(
  { id, application, release }: Pick<RolloutView, 'id' | 'application' | 'release'>,
  { id: verb, verb: word, clusters }: Asked,
  fields: ActFields,
  planDigest: string | undefined,
): Act {
  const whom = clusters === undefined ? '' : ` ${clusters.join(', ')} in`;
  const title =
    verb === 'rollback'
      ? `Roll back release ${release} of ${application}`
      : clusters === undefined
        ? `${TITLES[verb].replace(/ in$/, '')} ${verb === 'skip' ? 'a wave of ' : ''}${id}`
        : `${TITLES[verb].replace(/ in$/, '')}${whom} ${id}`;
  return {
    title,
    verb: word,
    path: `/api/v1/rollouts/${part(id)}/${verb}`,
    body: bodyOf(verb, fields, { clusters, planDigest }),
    reason: REASONS[verb],
    isDangerous: verb === 'rollback' || verb === 'cancel' || verb === 'reject',
  };
}

function bodyOf(
  verb: ActId,
  { hard, accept, wave, withoutPrevious }: ActFields,
  {
    clusters,
    planDigest,
  }: { readonly clusters: readonly string[] | undefined; readonly planDigest: string | undefined },
): Record<string, unknown> {
  switch (verb) {
    case 'pause':
      return hard ? { hard } : {};
    case 'resume':
      return accept ? { accept } : {};
    case 'approve':
      return { ...(wave !== '' && { wave }), ...(planDigest !== undefined && { plan: planDigest }) };
    case 'reject':
      return wave === '' ? {} : { wave };
    case 'skip':
      return clusters === undefined ? { wave } : { clusters };
    case 'retry':
      return clusters === undefined ? {} : { clusters };
    case 'rollback':
      return withoutPrevious === '' ? {} : { withoutPrevious };
    case 'promote':
    case 'replan':
    case 'cancel':
      return {};
  }
}
