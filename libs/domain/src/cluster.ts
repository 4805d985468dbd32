/** A registration, not a name: a cluster registered again under its old name is another one. UUID v7. */
export type ClusterUid = string;

export type Labels = Readonly<Record<string, string>>;

/**
 * `registered`: has a join token, has not joined. `leaving`: its agent takes down what it holds, then it is revoked.
 * `revoked`: its credentials are ended, its row stays for history.
 */
export type ClusterState = 'registered' | 'joined' | 'leaving' | 'revoked';

/** What placement and waves may look at. Labels are the user's; facts are what the agent found, keys without the `fact.` prefix. */
export interface ClusterIdentity {
  readonly uid: ClusterUid;
  readonly name: string;
  readonly labels: Labels;
  readonly facts: Labels;
}
