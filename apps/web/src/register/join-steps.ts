import type { ClusterView } from '#contract';

export type StepState = 'done' | 'now' | 'next';

export interface JoinStep {
  readonly name: string;
  readonly state: StepState;
  readonly text: string;
}

/** How far a cluster has come on its way into the fleet; the sentence is the step that it is at. */
export function joinSteps(cluster: Pick<ClusterView, 'state' | 'status' | 'agentVersion' | 'applications'>): {
  readonly steps: readonly JoinStep[];
  readonly sentence: string;
  readonly isOver: boolean;
} {
  const { state, status, agentVersion, applications = [] } = cluster;
  const hasJoined = state !== 'registered';
  const isReady = hasJoined && status === 'ready';
  const healthy = applications.filter(({ health }) => health === 'healthy').length;
  const isOver = isReady && applications.length > 0 && healthy === applications.length;
  const reached = [true, hasJoined, isReady, isOver];
  const at = reached.indexOf(false);
  const texts = [
    'the hub knows its name and its labels',
    hasJoined
      ? `its agent${agentVersion === undefined ? '' : ` ${agentVersion}`} made its key and was let in`
      : 'the line has not been run yet',
    isReady ? 'its agent is heard' : 'its agent is to be heard once',
    applications.length === 0
      ? 'an application comes once its placement selects the cluster’s labels'
      : `${healthy} of ${applications.length} healthy`,
  ];
  const steps = ['Registered', 'Joined', 'Ready', 'Applications'].map((name, index): JoinStep => ({
    name,
    state: reached[index] ? 'done' : index === at ? 'now' : 'next',
    text: texts[index] ?? '',
  }));
  return { steps, sentence: SENTENCES[at === -1 ? 4 : at] ?? '', isOver };
}

const SENTENCES = [
  'It is being registered.',
  'Waiting for the cluster to join.',
  'It has joined; its agent is waited for.',
  'It is ready. Applications arrive as their rollouts reach it.',
  'It is ready, and all its applications are healthy.',
] as const;

/** How long a line still works, so that each second is seen to pass: `59m 42s`, `2h 5m`. */
export function leftText(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const [d, h, m] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  if (d > 0) return `${d}d ${h}h`;
  return h > 0 ? `${h}h ${m}m` : m > 0 ? `${m}m ${s % 60}s` : `${s}s`;
}
