import type { Role } from '#domain';
import type { PermitTarget } from '../../apps/hub/src/http/access/permit.js';
import { PAGE_FILES, PAGE_PATHS } from '../../apps/hub/src/http/page/page-paths.js';
import type { AuthorizationScene, ScopeName } from './authorization.scene.js';

/** What a route is about, in words that do not depend on how the hub says it. */
export type About =
  | 'hub'
  | 'anybody'
  | 'filtered'
  | 'cluster'
  | 'whole cluster'
  | 'pair'
  | 'application'
  | 'whole application'
  | 'rollout'
  | 'part of a rollout'
  | 'rollout and placement'
  | 'source'
  | 'strategy';

/** What a caller whose role is enough is answered, by scope: let in, or 403, or 404 as if it were not there. */
export type Outcome = 'in' | 'partly' | 'out' | 'unseen';

/** Of the red team's objects: `red-1`, `red-web` on `red-1` and `red-2`, its rollout, source and strategy. */
export const OUTCOMES: Readonly<Record<About, Readonly<Record<ScopeName, Outcome>>>> = {
  hub: row('in', 'out', 'out', 'out', 'out'),
  anybody: row('in', 'in', 'in', 'in', 'in'),
  // What they show is tried by name, attempt by attempt.
  filtered: row('in', 'in', 'in', 'in', 'in'),
  cluster: row('in', 'in', 'in', 'in', 'unseen'),
  'whole cluster': row('in', 'in', 'out', 'out', 'unseen'),
  pair: row('in', 'in', 'in', 'in', 'unseen'),
  application: row('in', 'in', 'in', 'in', 'unseen'),
  'whole application': row('in', 'in', 'in', 'partly', 'unseen'),
  rollout: row('in', 'in', 'in', 'partly', 'unseen'),
  'part of a rollout': row('in', 'in', 'in', 'in', 'unseen'),
  'rollout and placement': row('in', 'in', 'in', 'partly', 'unseen'),
  source: row('in', 'in', 'in', 'in', 'unseen'),
  strategy: row('in', 'in', 'in', 'in', 'unseen'),
};

function row(...[all, clusters, both, one, blue]: readonly [Outcome, Outcome, Outcome, Outcome, Outcome]) {
  return {
    everything: all,
    'red clusters': clusters,
    'red applications on red clusters': both,
    'red applications on one red cluster': one,
    blue,
  };
}

/** What needs no credential, and why that is right. */
export const PUBLIC: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [...PAGE_PATHS, ...PAGE_FILES, 'assets/:name'].map((path) => [
      `GET /${path}`,
      'the page is the same for everybody, and holds nothing of the fleet',
    ]),
  ),
  'GET /healthz': 'is it alive: says nothing else',
  'GET /readyz': 'is it ready: says nothing else',
  'GET /api/v1/ca': 'a CA is public by its nature',
  'POST /api/v1/join': 'the join token and a proof of the key are its credential',
  'POST /api/v1/renew': 'a proof of the key is its credential',
  'GET /api/v1/install/:token': 'the join token in the address is its credential',
  'POST /api/v1/webhooks/:name': 'a signature over the body is its credential',
  'GET /auth/methods': 'how people sign in here: a yes or a no',
  'GET /auth/login': 'sends a browser on to who knows its user, and gives nothing',
  'GET /auth/cli': 'sends a browser on to who knows its user, and gives nothing',
  'GET /auth/callback': "the provider's code and the browser's sealed cookie are its credentials",
  'POST /auth/token': 'the code and its verifier are its credentials',
  'GET /auth/link/:code': 'the code, which works once, is its credential',
  'GET /auth/signed-in': 'a page that says that this window may be closed',
  'POST /api/v1/sessions/end': 'ends the session whose cookie or token it bears, and no other',
};

/** The least role and the object of every other route: a new one needs a line here. */
export const ROUTES: Readonly<Record<string, readonly [Role, About]>> = {
  'GET /metrics': ['viewer', 'hub'],
  'GET /api/v1/policies': ['viewer', 'filtered'],
  'GET /api/v1/policies/:name': ['viewer', 'hub'],
  'PUT /api/v1/policies/:name': ['admin', 'hub'],
  'DELETE /api/v1/policies/:name': ['admin', 'hub'],
  'GET /api/v1/policy-findings': ['viewer', 'hub'],
  'GET /api/v1/fleets': ['viewer', 'filtered'],
  'GET /api/v1/fleets/:name': ['viewer', 'hub'],
  'PUT /api/v1/fleets/:name': ['admin', 'hub'],
  'DELETE /api/v1/fleets/:name': ['admin', 'hub'],
  'GET /api/v1/declared': ['viewer', 'hub'],
  'GET /api/v1/declared/plan': ['viewer', 'hub'],
  'POST /api/v1/declared/apply': ['admin', 'hub'],
  'GET /api/v1/export': ['viewer', 'hub'],
  'GET /api/v1/openapi.json': ['viewer', 'anybody'],
  'GET /api/v1/schemas/:kind': ['viewer', 'anybody'],
  'GET /api/v1/whoami': ['viewer', 'anybody'],
  'GET /api/v1/fleet': ['viewer', 'filtered'],
  'GET /api/v1/fleet/cells': ['viewer', 'filtered'],
  'GET /api/v1/live': ['viewer', 'filtered'],
  'GET /api/v1/releases': ['viewer', 'filtered'],
  'GET /api/v1/why/rollouts/:name': ['viewer', 'rollout'],
  'GET /api/v1/why/clusters/:name': ['viewer', 'cluster'],
  'GET /api/v1/why/clusters/:name/applications/:application': ['viewer', 'pair'],
  'GET /api/v1/why/applications/:name': ['viewer', 'whole application'],
  'GET /api/v1/events': ['viewer', 'filtered'],
  'GET /api/v1/events/stream': ['viewer', 'filtered'],
  'GET /api/v1/clusters': ['viewer', 'filtered'],
  'GET /api/v1/clusters/:name': ['viewer', 'cluster'],
  'POST /api/v1/clusters': ['admin', 'filtered'],
  'POST /api/v1/clusters/:name/token': ['admin', 'whole cluster'],
  'PATCH /api/v1/clusters/:name': ['operator', 'whole cluster'],
  'DELETE /api/v1/clusters/:name': ['admin', 'whole cluster'],
  'POST /api/v1/clusters/:name/hold': ['operator', 'whole cluster'],
  'POST /api/v1/clusters/:name/unhold': ['operator', 'whole cluster'],
  'GET /api/v1/clusters/:name/applications/:application/tree': ['viewer', 'pair'],
  'GET /api/v1/clusters/:name/applications/:application/diff': ['viewer', 'pair'],
  'GET /api/v1/clusters/:name/applications/:application/events': ['viewer', 'pair'],
  'GET /api/v1/rollouts': ['viewer', 'filtered'],
  'GET /api/v1/rollouts/:id': ['viewer', 'rollout'],
  'GET /api/v1/rollouts/:id/targets': ['viewer', 'part of a rollout'],
  'GET /api/v1/rollouts/:id/receipt': ['viewer', 'rollout'],
  'GET /api/v1/rollouts/:id/history': ['viewer', 'rollout'],
  'GET /api/v1/rollouts/:id/replay': ['viewer', 'rollout'],
  'POST /api/v1/rollouts/:id/approve': ['approver', 'rollout'],
  'POST /api/v1/rollouts/:id/reject': ['approver', 'rollout'],
  'POST /api/v1/rollouts/:id/promote': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/replan': ['operator', 'rollout and placement'],
  'POST /api/v1/rollouts/:id/pause': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/resume': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/retry': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/skip': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/rollback': ['operator', 'rollout'],
  'POST /api/v1/rollouts/:id/cancel': ['operator', 'rollout'],
  'POST /api/v1/applications/:name/rollouts': ['operator', 'whole application'],
  'POST /api/v1/applications/:name/lift': ['operator', 'whole application'],
  'GET /api/v1/applications/:name/plan': ['viewer', 'whole application'],
  'GET /api/v1/applications/:name/diff': ['viewer', 'whole application'],
  'POST /api/v1/applications/:name/plan': ['viewer', 'whole application'],
  'POST /api/v1/applications/:name/rehearsals': ['operator', 'whole application'],
  'POST /api/v1/rollbacks': ['operator', 'filtered'],
  'GET /api/v1/webhooks': ['operator', 'hub'],
  'POST /api/v1/webhooks': ['admin', 'hub'],
  'POST /api/v1/webhooks/:name/secret': ['admin', 'hub'],
  'DELETE /api/v1/webhooks/:name': ['admin', 'hub'],
  'GET /api/v1/credentials': ['operator', 'hub'],
  'PUT /api/v1/credentials/:name': ['admin', 'hub'],
  'DELETE /api/v1/credentials/:name': ['admin', 'hub'],
  // That it is frozen is told with every rollout.
  'GET /api/v1/freeze': ['viewer', 'anybody'],
  'POST /api/v1/freeze': ['operator', 'hub'],
  'POST /api/v1/unfreeze': ['operator', 'hub'],
  'POST /api/v1/apply': ['operator', 'filtered'],
  'GET /api/v1/sources': ['viewer', 'filtered'],
  'GET /api/v1/sources/:name': ['viewer', 'source'],
  'PUT /api/v1/sources/:name': ['operator', 'hub'],
  'DELETE /api/v1/sources/:name': ['operator', 'hub'],
  'POST /api/v1/sources/:name/sync': ['operator', 'source'],
  'GET /api/v1/strategies': ['viewer', 'filtered'],
  'GET /api/v1/strategies/:name': ['viewer', 'strategy'],
  'PUT /api/v1/strategies/:name': ['operator', 'hub'],
  'DELETE /api/v1/strategies/:name': ['operator', 'hub'],
  'GET /api/v1/applications': ['viewer', 'filtered'],
  'GET /api/v1/applications/:name': ['viewer', 'application'],
  'PUT /api/v1/applications/:name': ['operator', 'filtered'],
  'DELETE /api/v1/applications/:name': ['operator', 'whole application'],
  'GET /api/v1/tokens': ['admin', 'hub'],
  'POST /api/v1/tokens': ['admin', 'hub'],
  'DELETE /api/v1/tokens/:name': ['admin', 'hub'],
  'GET /api/v1/audit': ['admin', 'hub'],
  'GET /api/v1/trust': ['viewer', 'hub'],
  'POST /api/v1/trust/rotate': ['admin', 'hub'],
  'POST /api/v1/trust/finish': ['admin', 'hub'],
  'GET /api/v1/grants': ['admin', 'hub'],
  'GET /api/v1/grants/:name': ['admin', 'hub'],
  'PUT /api/v1/grants/:name': ['admin', 'hub'],
  'DELETE /api/v1/grants/:name': ['admin', 'hub'],
  'GET /api/v1/sessions': ['admin', 'hub'],
  'DELETE /api/v1/sessions/:id': ['admin', 'hub'],
  // It makes a session of the caller's own rights.
  'POST /api/v1/sessions/link': ['viewer', 'anybody'],
};

/** Those that have no end. */
export const STREAMS: readonly string[] = ['GET /api/v1/events/stream', 'GET /api/v1/live'];

/** How the hub says the same. */
export function aboutOf(target: PermitTarget): About {
  if (typeof target === 'string') return target;
  if ('cluster' in target) {
    if ('application' in target) return 'pair';
    return target.whole ? 'whole cluster' : 'cluster';
  }
  if ('rollout' in target) {
    if (target.part) return 'part of a rollout';
    return target.placement ? 'rollout and placement' : 'rollout';
  }
  if ('application' in target) return target.whole ? 'whole application' : 'application';
  return 'source' in target ? 'source' : 'strategy';
}

/** Objects by the words of a path: `red-1` of `clusters`, and so on. */
export interface Objects {
  readonly cluster: string;
  readonly application: string;
  readonly rollout: string;
  readonly source: string;
  readonly strategy: string;
}

export const RED: Objects = {
  ...{ cluster: 'red-1', application: 'red-web', rollout: 'red-web-1' },
  ...{ source: 'red-git', strategy: 'red-way' },
};

/** Of the same form, and not there. */
export const ABSENT: Objects = {
  ...{ cluster: 'abs-1', application: 'abs-web', rollout: 'abs-web-1' },
  ...{ source: 'abs-git', strategy: 'abs-way' },
};

/** A route's address with those objects; of what has no owner, one that is not there. */
export function addressOf(route: string, about: About, objects: Objects): string {
  const [, path = ''] = route.split(' ');
  const kind = about.replace(/^whole |^part of a | and placement$/g, '');
  const object = kind === 'pair' ? objects.cluster : (objects as unknown as Record<string, string>)[kind];
  return path
    .replace(':kind', 'Source')
    .replace(':application', objects.application)
    .replace(/:\w+/, path.startsWith('/api/v1/applications/') ? objects.application : (object ?? 'nobody'));
}

/** What is sent so that whoever is let in does no harm: what is not valid, or is only tried. */
export function bodyOf(route: string): object | undefined {
  if (/^(GET|DELETE) /.test(route)) return undefined;
  return route.endsWith('/rehearsals') ? { runs: 0 } : {};
}

/** What is deleted must be there, and nobody must miss it. */
export async function freshAddress(scene: AuthorizationScene, route: string): Promise<string | null> {
  const name = scene.fresh('red-passing');
  const { api } = scene.fleet;
  if (route === 'DELETE /api/v1/clusters/:name') {
    await api.post('/api/v1/clusters', { name, labels: { team: 'red', node: 'one' } });
    return `/api/v1/clusters/${name}`;
  }
  if (route === 'DELETE /api/v1/applications/:name') {
    const selector = { matchLabels: { team: 'red', node: 'nowhere' } };
    const spec = { path: 'apps/red-web', source: 'red-git', strategy: 'red-way', placement: { selector } };
    await scene.fleet.apply('Application', name, spec);
    return `/api/v1/applications/${name}`;
  }
  return null;
}
