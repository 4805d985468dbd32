import type { CommandAnswer, CreateTokenAnswer, RolloutView, SyncAnswer, TargetView } from '#contract';
import type { ManifestApplication } from '#domain';
import { healthy, PuppetAgent, type Script } from './puppet-agent.js';
import type { TestApi } from './test-api.js';
import { eventually, startTestHub, type TestHub } from './test-hub.js';
import { configMap, TestRepository } from './test-repository.js';

/** What every wave of a test has unless it says otherwise: nobody waits, for nothing. */
const FAST = { maxConcurrency: '100%', healthyFor: '0s', ackTimeout: '30s', progressDeadline: '60s' };

export interface CallOptions {
  readonly api?: TestApi;
  readonly key?: string;
  readonly dryRun?: boolean;
}

/** A whole hub, puppets for clusters, and an application for each test: all that commands are tried on. */
export class CommandFleet {
  readonly puppets = new Map<string, PuppetAgent>();
  private readonly apis: TestApi[] = [];
  private commits = 0;
  private tokens = 0;

  private constructor(
    readonly hub: TestHub,
    readonly repository: TestRepository,
  ) {}

  /** @param clusters labels by name. */
  static async start(
    clusters: Readonly<Record<string, Readonly<Record<string, string>>>>,
    startHub: () => Promise<TestHub> = startTestHub,
  ): Promise<CommandFleet> {
    const hub = await startHub();
    const fleet = new CommandFleet(hub, await TestRepository.create({ 'README.md': 'applications' }));
    for (const [name, labels] of Object.entries(clusters)) await fleet.join(name, labels);
    await fleet.apply('Source', 'shop', { url: fleet.repository.folder, interval: '1h' });
    return fleet;
  }

  get api(): TestApi {
    return this.hub.api;
  }

  async close(): Promise<void> {
    for (const api of this.apis) api.close();
    await Promise.all([...this.puppets.values()].map((puppet) => puppet.close()));
    await this.hub.stop();
    await this.repository.remove();
  }

  async join(name: string, labels: Readonly<Record<string, string>>): Promise<PuppetAgent> {
    const puppet = await PuppetAgent.join(this.api, name, { ...labels });
    this.puppets.set(name, puppet);
    return puppet;
  }

  async apply(kind: string, name: string, spec: object): Promise<void> {
    const document = { apiVersion: 'flotilla.dev/v1', kind, metadata: { name }, spec };
    await this.api.post('/api/v1/apply', { documents: [document] });
  }

  /** Makes an application of one ConfigMap and waits until every cluster has its first release, by one wave; then it gets its strategy. */
  async application(name: string, waves: readonly object[], strategy: object = {}): Promise<void> {
    await this.apply('Strategy', name, { waves: [{ name: 'all', ...FAST }] });
    await this.repository.commit(`add ${name}`, { [`apps/${name}/c.yaml`]: configMap(name, 'first') });
    await this.api.post('/api/v1/sources/shop/sync');
    await this.apply('Application', name, { source: 'shop', path: `apps/${name}`, strategy: name });
    await this.ended(name);
    await this.strategy(name, waves, strategy);
  }

  /** For the releases to come. */
  async strategy(name: string, waves: readonly object[], strategy: object = {}): Promise<void> {
    await this.apply('Strategy', name, { ...strategy, waves: waves.map((wave) => ({ ...FAST, ...wave })) });
  }

  /** Commits a change of an application and carries it to a release; answers its number. */
  async release(name: string, files?: Readonly<Record<string, string | null>>): Promise<number> {
    this.commits += 1;
    const change = files ?? { 'c.yaml': configMap(name, `change ${this.commits}`) };
    const renamed = Object.entries(change).map(([file, text]) => [`apps/${name}/${file}`, text] as const);
    await this.repository.commit(`change ${name} ${this.commits}`, Object.fromEntries(renamed));
    const { releases, errors } = await this.api.post<SyncAnswer>('/api/v1/sources/shop/sync');
    const made = releases.find(({ application }) => application === name);
    if (!made) throw new Error(`no release of ${name}: ${JSON.stringify(errors)}`);
    return made.release;
  }

  rollout(id: string): Promise<RolloutView> {
    return this.api.get(`/api/v1/rollouts/${id}`);
  }

  async targets(id: string, query = ''): Promise<TargetView[]> {
    const route = `/api/v1/rollouts/${id}/targets?limit=100${query}`;
    return (await this.api.get<{ items: TargetView[] }>(route)).items;
  }

  /** The state of each cluster's part, by name. */
  async states(id: string): Promise<Record<string, string>> {
    const targets = await this.targets(id);
    return Object.fromEntries(
      targets.map(({ cluster, state, reason }) => [cluster, reason ? `${state}(${reason})` : state]),
    );
  }

  /** The newest rollout once it ended. */
  ended(name: string, withinMs?: number): Promise<RolloutView> {
    return eventually(
      `${name} ended`,
      () => this.rollout(name),
      ({ state }) => state !== 'running',
      withinMs,
    );
  }

  /** The newest rollout once it is of that release and as wanted. */
  when(name: string, release: number, is: (rollout: RolloutView) => boolean): Promise<RolloutView> {
    return eventually(
      `${name}, release ${release}, as wanted`,
      () => this.rollout(name),
      (rollout) => rollout.release === release && is(rollout),
    );
  }

  command(id: string, verb: string, body: object = {}, options: CallOptions = {}): Promise<CommandAnswer> {
    return this.call(`rollouts/${id}/${verb}`, body, options);
  }

  async call<T>(route: string, body: object = {}, options: CallOptions = {}): Promise<T> {
    const { status, text } = await this.raw(route, body, options);
    const answer = JSON.parse(text) as T;
    if (status >= 400) throw Object.assign(new Error(text), { problem: answer });
    return answer;
  }

  raw(
    route: string,
    body: object,
    { api = this.api, key, dryRun }: CallOptions = {},
  ): Promise<{ status: number; text: string }> {
    const query = dryRun === undefined ? '' : `?dryRun=${String(dryRun)}`;
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
    return api.raw('POST', `/api/v1/${route}${query}`, JSON.stringify(body), headers);
  }

  /** The API as somebody with a token of that role. */
  async as(role: string, email?: string): Promise<TestApi> {
    this.tokens += 1;
    const name = `${role}-${this.tokens}`;
    const { token } = await this.api.post<CreateTokenAnswer>('/api/v1/tokens', { name, role, ...(email && { email }) });
    const api = this.api.as(token);
    this.apis.push(api);
    return api;
  }

  /** What clusters whose name matches say from now on. */
  act(pattern: RegExp, script: Script): void {
    for (const [name, puppet] of this.puppets) if (pattern.test(name)) puppet.script = script;
  }

  allHealthy(): void {
    this.act(/./, healthy);
  }

  /** What a cluster is told of an application. */
  async told(cluster: string, application: string): Promise<ManifestApplication | undefined> {
    return (await this.puppets.get(cluster)?.manifest())?.applications[application];
  }

  /** Says healthy of what the cluster is told. */
  async pass(cluster: string, application: string): Promise<void> {
    const given = await this.told(cluster, application);
    if (!given) throw new Error(`${cluster} is told nothing of ${application}`);
    await this.puppets.get(cluster)?.report(application, given, { phase: 'healthy', steadyMs: given.healthyForMs });
  }
}

/** A problem with that status and code, as a rejected call has it. */
export const refused = (status: number, code: string): object => ({ problem: { status, code } });
