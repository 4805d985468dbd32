import type { Command } from 'commander';
import type { CliContext } from './context.js';

/** A verb in the list that `flotilla --help` shows; its code is loaded when it is used. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

const OBJECTS = 'Declare and look:';
const CLUSTERS = 'Clusters:';
const ROLLOUTS = 'Rollouts:';
const HUB = 'Hub and access:';
/** Where the verb `help` stands. */
export const HELP_GROUP = HUB;

export const VERBS: readonly Verb[] = [
  verb(
    'apply',
    'Create or change what files declare',
    OBJECTS,
    async () => (await import('./commands/apply.js')).apply,
  ),
  verb(
    'diff',
    'Show what apply would change, or what Git would change in a cluster',
    OBJECTS,
    async () => (await import('./commands/diff.js')).diff,
  ),
  verb('get', 'List objects, or show some by name', OBJECTS, async () => (await import('./commands/get.js')).get),
  verb(
    'describe',
    'Tell everything about one object',
    OBJECTS,
    async () => (await import('./commands/describe.js')).describe,
  ),
  verb(
    'delete',
    'Delete objects by name or by file',
    OBJECTS,
    async () => (await import('./commands/delete.js')).remove,
  ),
  verb(
    'why',
    'Say in one sentence why something waits or how it ended',
    OBJECTS,
    async () => (await import('./commands/why.js')).why,
  ),
  verb(
    'tree',
    "Show an application's objects in a cluster, down to the pods",
    OBJECTS,
    async () => (await import('./commands/tree.js')).tree,
  ),
  verb(
    'events',
    "Show Kubernetes' events of an application's objects in a cluster",
    OBJECTS,
    async () => (await import('./commands/events.js')).events,
  ),
  verb('fleet', 'Show the fleet at a glance', OBJECTS, async () => (await import('./commands/fleet.js')).fleet),
  verb(
    'top',
    'Show the fleet and the running rollouts live, on one screen',
    OBJECTS,
    async () => (await import('./commands/top.js')).top,
  ),
  verb(
    'export',
    'Write everything that is declared as files that apply again',
    OBJECTS,
    async () => (await import('./commands/export.js')).exportAll,
  ),
  verb(
    'sync',
    'Look at a source now instead of at its interval',
    OBJECTS,
    async () => (await import('./commands/sync.js')).sync,
  ),
  verb(
    'cluster',
    'Register clusters, label them, take them out',
    CLUSTERS,
    async () => (await import('./commands/cluster.js')).cluster,
  ),
  verb('agent', 'Take an agent out of a cluster', CLUSTERS, async () => (await import('./commands/agent.js')).agent),
  verb('rollout', 'Follow and steer rollouts', ROLLOUTS, async () => (await import('./commands/rollout.js')).rollout),
  verb(
    'pause',
    'Stop a rollout from going on to more clusters',
    ROLLOUTS,
    async () => (await import('./commands/pause.js')).pause,
  ),
  verb('resume', 'Let a paused rollout go on', ROLLOUTS, async () => (await import('./commands/resume.js')).resume),
  verb('approve', 'Say yes at an approval gate', ROLLOUTS, async () => (await import('./commands/approve.js')).approve),
  verb('reject', 'Say no at an approval gate', ROLLOUTS, async () => (await import('./commands/reject.js')).reject),
  verb(
    'promote',
    'End a soak or a schedule early',
    ROLLOUTS,
    async () => (await import('./commands/promote.js')).promote,
  ),
  verb('retry', 'Try clusters that failed again', ROLLOUTS, async () => (await import('./commands/retry.js')).retry),
  verb(
    'skip',
    'Go on without certain clusters, or a wave',
    ROLLOUTS,
    async () => (await import('./commands/skip.js')).skip,
  ),
  verb('rollback', 'Take a release back', ROLLOUTS, async () => (await import('./commands/rollback.js')).rollback),
  verb('cancel', 'End a rollout where it stands', ROLLOUTS, async () => (await import('./commands/cancel.js')).cancel),
  verb(
    'lift',
    'Allow a release that was rolled back again',
    ROLLOUTS,
    async () => (await import('./commands/lift.js')).lift,
  ),
  verb(
    'freeze',
    'Let nothing new go out anywhere',
    ROLLOUTS,
    async () => (await import('./commands/freeze.js')).freeze,
  ),
  verb('unfreeze', 'Lift the freeze', ROLLOUTS, async () => (await import('./commands/unfreeze.js')).unfreeze),
  verb('login', 'Sign in at a hub, and remember it', HUB, async () => (await import('./commands/login.js')).login),
  verb('logout', 'Sign out, and forget it', HUB, async () => (await import('./commands/logout.js')).logout),
  verb(
    'context',
    'Choose among the hubs that you signed in at',
    HUB,
    async () => (await import('./commands/context.js')).contextVerb,
  ),
  verb('open', 'Open the hub in the browser', HUB, async () => (await import('./commands/open.js')).open),
  verb('session', 'Show who is signed in', HUB, async () => (await import('./commands/session.js')).session),
  verb('token', 'Make, list and revoke API tokens', HUB, async () => (await import('./commands/token.js')).token),
  verb('grant', 'Say what people who sign in may do', HUB, async () => (await import('./commands/grant.js')).grant),
  verb(
    'credential',
    'Let the hub in at private Git hosts',
    HUB,
    async () => (await import('./commands/credential.js')).credential,
  ),
  verb('webhook', 'Let Git hosts tell of pushes', HUB, async () => (await import('./commands/webhook.js')).webhook),
  verb(
    'trust',
    'Show and rotate what agents believe the hub by',
    HUB,
    async () => (await import('./commands/trust.js')).trust,
  ),
  verb('whoami', 'Tell whom the hub takes you for', HUB, async () => (await import('./commands/whoami.js')).whoami),
  verb('audit', 'Show who did what', HUB, async () => (await import('./commands/audit.js')).audit),
  verb(
    'schema',
    'Print the JSON schema of a kind, for editors',
    HUB,
    async () => (await import('./commands/schema.js')).schema,
  ),
  verb(
    'completion',
    'Print the script that completes in a shell',
    HUB,
    async () => (await import('./commands/completion.js')).completion,
  ),
  verb('version', 'Print the version', HUB, async () => (await import('./commands/version.js')).version),
];

function verb(name: string, summary: string, group: string, load: Verb['load']): Verb {
  return { name, summary, group, load };
}
