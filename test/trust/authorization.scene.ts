import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterView } from '#contract';
import { EVERYWHERE, type Role, type Scope } from '#domain';
import { makeToken } from '../../apps/hub/src/http/access/make-token.js';
import { CommandFleet } from '../helpers/command-fleet.js';
import type { TestApi } from '../helpers/test-api.js';
import { eventually } from '../helpers/test-hub.js';
import { configMap } from '../helpers/test-repository.js';

/** How far a caller's role reaches, by what the tests call it. */
export const SCOPES = {
  everything: EVERYWHERE,
  /** Whatever runs on them. */
  'red clusters': { clusters: { matchLabels: { team: 'red' } }, applications: null },
  'red applications on red clusters': { clusters: { matchLabels: { team: 'red' } }, applications: ['red-*'] },
  /** red-web runs on another cluster, too. */
  'red applications on one red cluster': { clusters: { matchLabels: { node: 'one' } }, applications: ['red-*'] },
  blue: { clusters: { matchLabels: { team: 'blue' } }, applications: ['blue-*', 'shared'] },
} as const satisfies Record<string, Scope>;
export type ScopeName = keyof typeof SCOPES;

export const ROLES: readonly Role[] = ['viewer', 'approver', 'operator', 'admin'];

export interface Answer {
  readonly status: number;
  readonly text: string;
}

const TEAMS = { 'red-1': 'one', 'red-2': 'two', 'blue-1': 'three', 'blue-2': 'four' } as const;

/**
 * A hub with two teams, red and blue: clusters, applications, sources and strategies of each, which are called by the team's name,
 * and one application, `shared`, on the clusters of both. What is red has no other word for it, so that its name anywhere is a leak.
 */
export class AuthorizationScene {
  private readonly apis = new Map<string, TestApi>();
  /** Of the clusters, by name. */
  readonly uids = new Map<string, string>();
  private made = 0;

  private constructor(readonly fleet: CommandFleet) {}

  static async open(): Promise<AuthorizationScene> {
    const clusters = Object.entries(TEAMS).map(([name, node]) => [name, { team: teamOf(name), node }] as const);
    const fleet = await CommandFleet.start(Object.fromEntries(clusters));
    const scene = new AuthorizationScene(fleet);
    try {
      await scene.fill();
    } catch (error) {
      await scene.close();
      throw error;
    }
    return scene;
  }

  async close(): Promise<void> {
    for (const api of this.apis.values()) api.close();
    await this.fleet.close();
  }

  /** The API as somebody with a token of that role and scope; one of each is enough. */
  async as(role: Role, scope: ScopeName): Promise<TestApi> {
    const name = `${role}-${scope.replaceAll(' ', '-').replaceAll('red', 'r').replaceAll('blue', 'b')}`;
    const known = this.apis.get(name);
    if (known) return known;
    const api = this.fleet.api.as(await this.token(name, role, SCOPES[scope]));
    this.apis.set(name, api);
    return api;
  }

  /** A token's text. */
  async token(name: string, role: Role, scope: Scope, expiresAt: number | null = null): Promise<string> {
    const { store } = this.fleet.hub.hub;
    const made = await store.transact((unit) =>
      makeToken(unit, { name, role, scope, createdBy: 'token:first-admin', now: Date.now(), expiresAt }),
    );
    return made.secret;
  }

  withToken(token: string): TestApi {
    const api = this.fleet.api.as(token);
    this.made += 1;
    this.apis.set(`made ${this.made}`, api);
    return api;
  }

  /** A name that no test had before. */
  fresh(prefix: string): string {
    this.made += 1;
    return `${prefix}-${this.made}`;
  }

  async ask(
    api: TestApi,
    method: string,
    route: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { status, text: answer } = await api.raw(method, route, text, headers);
    return { status, text: answer };
  }

  /** The address exactly as it is written, which a URL would mend. */
  exactly(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | readonly string[]>> = {},
  ): Promise<Answer> {
    const { url, caPem } = this.fleet.hub.hub;
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const options = { hostname, port, path, method, agent: false, headers, ...(caPem !== null && { ca: caPem }) };
      const request = https.request(options as https.RequestOptions, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.once('error', reject);
      request.end();
    });
  }

  /** What the stream of events says until it has said what is wanted, or ends. */
  async follow(
    api: TestApi,
    { last, until }: { readonly last?: number; readonly until: (text: string) => boolean },
    meanwhile: () => Promise<unknown> = () => Promise.resolve(),
    withinMs = 30_000,
  ): Promise<{ readonly text: string; readonly ended: boolean }> {
    let text = '';
    let stop: () => void = () => undefined;
    const headers: Record<string, string> = last === undefined ? {} : { 'last-event-id': String(last) };
    const stream = api.stream('/api/v1/events/stream', headers, (chunk, close) => {
      text += chunk;
      stop = close;
    });
    await eventually('the stream is open', () => Promise.resolve(text), Boolean);
    const done = meanwhile();
    const end = performance.now() + withinMs;
    const over = stream.then(() => true);
    let ended = false;
    while (!ended && !until(text) && performance.now() < end) ended = await Promise.race([over, sleep(50, false)]);
    await done;
    if (!ended) stop();
    await stream;
    return { text, ended };
  }

  private async fill(): Promise<void> {
    const { fleet } = this;
    const { api, repository } = fleet;
    for (const name of ['red-web', 'blue-web', 'shared']) {
      await repository.commit('add one', { [`apps/${name}/c.yaml`]: configMap(name, 'first') });
    }
    const overlays = ['red-1', 'blue-1', 'blue-2'].map((name) => [
      `apps/blue-mixed/${name}/c.yaml`,
      configMap('mixed', name),
    ]);
    await repository.commit('add one', Object.fromEntries(overlays) as Record<string, string>);
    await api.post('/api/v1/sources/shop/sync');
    const waves = [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }];
    for (const team of ['red', 'blue']) {
      await fleet.apply('Source', `${team}-git`, { url: repository.folder, interval: '1h' });
      await fleet.apply('Strategy', `${team}-way`, { waves: [{ ...waves[0], name: `${team}-wave` }] });
      const placement = { selector: { matchLabels: { team } } };
      const more = { source: `${team}-git`, strategy: `${team}-way`, placement };
      await fleet.apply('Application', `${team}-web`, { path: `apps/${team}-web`, ...more });
    }
    await fleet.apply('Strategy', 'shared-way', { waves });
    await fleet.apply('Application', 'shared', { path: 'apps/shared', source: 'shop', strategy: 'shared-way' });
    const placement = { selector: { matchLabels: { team: 'red' } } };
    const source = 'shop';
    await fleet.apply('Application', 'red-shop', { path: 'apps/red-web', source, strategy: 'red-way', placement });
    // Blue by its name, placed everywhere: overlays are called by their clusters, and it is said that red-2 has none.
    const path = 'apps/blue-mixed/{{ name }}';
    await fleet.apply('Application', 'blue-mixed', { path, source, strategy: 'shared-way' });
    for (const name of ['red-web', 'blue-web', 'shared', 'red-shop', 'blue-mixed']) await fleet.ended(name, 60_000);
    // A rollout over both teams that has something to say about the red one, while most clusters wait for their turn.
    fleet.act(/./, () => null);
    await fleet.apply('Strategy', 'shared-way', { waves: [{ ...waves[0], maxConcurrency: 1 }] });
    await repository.commit('change one', { 'apps/shared/c.yaml': configMap('shared', 'second') });
    await api.post('/api/v1/sources/shop/sync');
    await eventually(
      'shared is on its way',
      () => fleet.rollout('shared'),
      ({ id }) => id === 'shared-2',
    );
    await fleet.command('shared', 'pause', { reason: 'the red team looks at red-1' });
    // An event of one cluster each, and words of a person.
    for (const name of ['red-2', 'blue-2']) {
      await api.post(`/api/v1/clusters/${name}/hold`, { reason: `for ${teamOf(name)}` });
      await api.post(`/api/v1/clusters/${name}/unhold`, {});
    }
    // Nobody answers from now on: what is asked of agents is answered at once by the hub, which knows that they are away.
    await Promise.all([...fleet.puppets.values()].map((puppet) => puppet.close()));
    fleet.puppets.clear();
    await eventually(
      'every cluster is offline',
      () => api.get<{ items: ClusterView[] }>('/api/v1/clusters'),
      ({ items }) => items.every(({ status }) => status === 'offline'),
      60_000,
    );
    for (const { name, uid } of (await api.get<{ items: ClusterView[] }>('/api/v1/clusters')).items) {
      this.uids.set(name, uid);
    }
  }
}

function teamOf(name: string): string {
  return name.split('-')[0] ?? '';
}
