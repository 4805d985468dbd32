/** What a word names: what the shell offers for it. */
export type Sort =
  | 'applications'
  | 'clusters'
  | 'credentials'
  | 'grants'
  | 'rollouts'
  | 'sources'
  | 'strategies'
  | 'tokens'
  | 'webhooks'
  /** `CLUSTER/APPLICATION`. */
  | 'places'
  /** `CLUSTER/APPLICATION`, or an application. */
  | 'comparable'
  /** A kind, or KIND/NAME. */
  | 'kinds'
  /** Names of the kind before it. */
  | 'ofKind'
  /** A name, or KIND/NAME: what can be asked about. */
  | 'subjects'
  | 'files'
  /** Nothing that is known. */
  | 'free';

/** Arguments by their name, whatever the verb. */
const ARGUMENTS: Readonly<Record<string, Sort>> = {
  application: 'applications',
  changes: 'free',
  compared: 'comparable',
  context: 'free',
  id: 'free',
  kind: 'kinds',
  names: 'ofKind',
  of: 'free',
  page: 'free',
  place: 'places',
  release: 'free',
  rollback: 'rollouts',
  rollout: 'rollouts',
  rollouts: 'rollouts',
  source: 'sources',
  url: 'free',
};

/** Arguments called `name`, by their verb. */
const NAMES: Readonly<Record<string, Sort>> = {
  'cluster add': 'free',
  'cluster hold': 'clusters',
  'cluster label': 'clusters',
  'cluster remove': 'clusters',
  'cluster token': 'clusters',
  'cluster unhold': 'clusters',
  'context delete': 'free',
  'context use': 'free',
  'credential delete': 'credentials',
  'credential set': 'credentials',
  'grant delete': 'grants',
  'grant set': 'grants',
  'token create': 'free',
  'token revoke': 'tokens',
  'webhook add': 'free',
  'webhook delete': 'webhooks',
  'webhook rotate': 'webhooks',
  why: 'subjects',
};

/** Options by the name of their value; those with choices need no entry. */
const OPTIONS: Readonly<Record<string, Sort>> = {
  '--application': 'applications',
  '--ca': 'files',
  '--ca-file': 'files',
  '--cluster': 'clusters',
  '--filename': 'files',
  '--known-hosts-file': 'files',
  '--kubeconfig': 'files',
  '--password-file': 'files',
  '--rollout': 'rollouts',
  '--ssh-key-file': 'files',
  '--strategy': 'strategies',
  '--strategy-file': 'files',
};

/** What an argument of a verb (`cluster label`) names; null: nobody has said yet. */
export function sortOfArgument(verb: string, argument: string): Sort | null {
  return (argument === 'name' ? NAMES[verb] : ARGUMENTS[argument]) ?? null;
}

/** What an option's value names. */
export function sortOfOption(long: string): Sort {
  return OPTIONS[long] ?? 'free';
}
