import { randomBytes } from 'node:crypto';
import { describe, expect, it, jest } from '@jest/globals';
import type { AgentReport, HealthRule, JsonObject, ManifestApplication } from '#domain';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment } from './samples.js';

/** A custom resource whose controller is the test. */
class Databases {
  readonly group = `g${randomBytes(3).toString('hex')}.example.com`;
  readonly kind = `${this.group}/Database`;
  readonly object: JsonObject = {
    apiVersion: `${this.group}/v1`,
    kind: 'Database',
    metadata: { name: 'orders' },
    spec: { instances: 3 },
  };

  constructor(private readonly rig: Rig) {}

  get definition(): JsonObject {
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } };
    const { group } = this;
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `databases.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind: 'Database', plural: 'databases', singular: 'database', listKind: 'DatabaseList' },
        versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }],
      },
    };
  }

  get bundle(): readonly JsonObject[] {
    return [this.definition, this.object];
  }

  get path(): string {
    return `/apis/${this.group}/v1/namespaces/${this.rig.cluster.namespace}/databases/orders`;
  }

  rule(rule: Omit<HealthRule, 'kind'>): Pick<ManifestApplication, 'health'> {
    return { health: [{ kind: this.kind, ...rule }] };
  }

  async is(status: JsonObject): Promise<void> {
    await this.rig.live(this.path, (live) => live !== null);
    await this.rig.edit(`${this.path}/status`, { status }, 'the-operator');
  }

  /** The definition stays in a cluster that others use. */
  async remove(): Promise<void> {
    await this.rig.remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/databases.${this.group}`);
  }
}

const RULE: Omit<HealthRule, 'kind'> = {
  failed: 'object.status.phase == "Broken"',
  healthy: 'object.status.ready == object.spec.instances',
  message: 'string(object.status.ready) + " ready, phase " + object.status.phase',
};
const WAIT_MS = 40_000;

/** What an agent says of objects' health; the same on a simulated cluster and on a real one. */
export function describeHealthSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`health on ${name}`, () => {
    jest.setTimeout(120_000);
    const withRig = rigOn(openCluster);
    const withDatabases = (work: (rig: Rig, databases: Databases) => Promise<void>): Promise<void> =>
      withRig(async (rig) => {
        const databases = new Databases(rig);
        try {
          await work(rig, databases);
        } finally {
          await databases.remove().catch(() => undefined);
        }
      });
    const told = (rig: Rig, wanted: Partial<AgentReport>, reason?: string): Promise<AgentReport> =>
      rig.hub.until(
        rig.application,
        (report) =>
          Object.entries(wanted).every(([key, value]) => report[key as keyof AgentReport] === value) &&
          (reason === undefined || report.findings[0]?.reason === reason),
        WAIT_MS,
      );
    const writes = (rig: Rig) => rig.kube.writes(rig.cluster.agentNamespace);

    it("judges a custom resource by its application's rule: progressing, failed in the rule's words, healthy", () =>
      withDatabases(async (rig, databases) => {
        await rig.start();
        const { generation } = await rig.assign(databases.bundle, databases.rule(RULE));
        const fresh = await told(rig, { generation, phase: 'progressing' }, 'NotObserved');
        expect(fresh.findings).toMatchObject([{ kind: 'Database', name: 'orders', health: 'progressing' }]);
        await databases.is({ phase: 'Starting', ready: 1 });
        const started = await told(rig, { phase: 'progressing' }, 'RuleNotMet');
        expect(started.findings[0]?.message).toBe('1 ready, phase Starting');
        await databases.is({ phase: 'Broken', ready: 1 });
        const failed = await told(rig, { phase: 'failed' }, 'RuleFailed');
        expect(failed).toMatchObject({ cause: 'health', findings: [{ message: '1 ready, phase Broken' }] });
        await databases.is({ phase: 'Up', ready: 3 });
        expect((await told(rig, { generation, phase: 'healthy' })).findings).toEqual([]);
        await databases.is({ phase: 'Up', ready: 2 });
        expect(await told(rig, { phase: 'progressing' }, 'RuleNotMet')).toMatchObject({ breaks: 1 });
      }));

    it('says unknown of a rule that fails, with the cause, and healthy only once a manifest mends it', () =>
      withDatabases(async (rig, databases) => {
        await rig.start();
        const broken = { healthy: 'object.status.nothing == 1' };
        const { generation } = await rig.assign(databases.bundle, databases.rule(broken));
        await databases.is({ ready: 3 });
        const report = await told(rig, { generation }, 'RuleError');
        expect(report).toMatchObject({ phase: 'progressing', findings: [{ health: 'unknown' }] });
        expect(report.findings[0]?.message).toContain('No such key: nothing');
        const unread = await rig.assign(databases.bundle, databases.rule({ healthy: 'object.status.ready ==' }));
        const second = await told(rig, { generation: unread.generation }, 'RuleError');
        expect(second.findings).toMatchObject([
          { health: 'unknown', message: expect.stringContaining('must be CEL over object') },
        ]);
        expect(rig.hub.reports.filter(({ phase }) => phase === 'healthy')).toEqual([]);
        const mended = databases.rule({ healthy: 'object.status.ready == 3' });
        await rig.healthy(await rig.assign(databases.bundle, { generation: unread.generation, ...mended }), WAIT_MS);
      }));

    it("judges anew by a new manifest's rules of the same generation, and writes nothing for that", () =>
      withDatabases(async (rig, databases) => {
        await rig.start();
        const first = await rig.assign(databases.bundle);
        await databases.is({ phase: 'Up', ready: 2 });
        await rig.healthy(first, WAIT_MS);
        const { generation } = first;
        rig.kube.requests = [];
        await rig.assign(databases.bundle, { generation, ...databases.rule(RULE) });
        const report = await told(rig, { generation, phase: 'progressing' }, 'RuleNotMet');
        expect(report.findings[0]?.message).toBe('2 ready, phase Up');
        await rig.assign(databases.bundle, {
          generation,
          ...databases.rule({ ...RULE, failed: 'object.status.ready < 3' }),
        });
        await told(rig, { generation, phase: 'failed' }, 'RuleFailed');
        await rig.assign(databases.bundle, { generation });
        await told(rig, { generation, phase: 'healthy' });
        expect(writes(rig)).toEqual([]);
        // One list for each change of the rule, of that kind and no other.
        const lists = rig.kube.requests.filter(({ path, method }) => method === 'GET' && path.endsWith('/databases'));
        expect(lists).toHaveLength(3);
        expect(rig.kube.requests.filter(({ query }) => query?.['dryRun'] !== undefined)).toEqual([]);
      }));

    it('calls no new generation healthy by the rules of the one before, although it changes nothing else', () =>
      withDatabases(async (rig, databases) => {
        await rig.start();
        const first = await rig.assign(databases.bundle);
        await databases.is({ phase: 'Broken', ready: 2 });
        await rig.healthy(first, WAIT_MS);
        const { generation } = await rig.assign(databases.bundle, databases.rule(RULE));
        await told(rig, { generation, phase: 'failed' }, 'RuleFailed');
        const early = rig.hub.reports.filter((each) => each.generation === generation && each.phase === 'healthy');
        expect(early).toEqual([]);
      }));

    it('goes by rules that came while the bundle was still waited for', () =>
      withDatabases(async (rig, databases) => {
        const { generation, digest } = await rig.assign(databases.bundle);
        await rig.hub.bus.deleteBundle(digest);
        await rig.start();
        await rig.hub.eventually(
          () => (rig.log.some((line) => line.includes('is not on the bus')) ? true : undefined),
          () => 'the bundle was not missed',
          WAIT_MS,
        );
        await rig.assign(databases.bundle, { generation, ...databases.rule({ failed: 'true' }) });
        await databases.is({ phase: 'Up' });
        await told(rig, { generation, phase: 'failed' }, 'RuleFailed');
      }));

    it('goes by the same rules after a restart with the hub gone', () =>
      withDatabases(async (rig, databases) => {
        await rig.start();
        await rig.assign(databases.bundle, databases.rule(RULE));
        await databases.is({ phase: 'Up', ready: 3 });
        await told(rig, { phase: 'healthy' });
        await rig.stop();
        rig.bus.stop();
        await databases.is({ phase: 'Broken', ready: 0 });
        await rig.start();
        const { application } = rig;
        await rig.hub.eventually(
          () => (rig.agent?.state().applications[application]?.phase === 'failed' ? true : undefined),
          () => JSON.stringify(rig.agent?.state()),
          WAIT_MS,
        );
        rig.bus.start();
        expect(await told(rig, { phase: 'failed', boot: 2 }, 'RuleFailed')).toMatchObject({
          findings: [{ message: '0 ready, phase Broken' }],
        });
      }));

    it('looks at the whole of a kind that has a rule, where it watches metadata alone otherwise', () =>
      withRig(async (rig) => {
        const role: JsonObject = {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'reader' },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
        };
        const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${rig.cluster.namespace}/roles/reader`;
        const kind = 'rbac.authorization.k8s.io/Role';
        // Nothing but the watch tells of a change.
        const terms = { drift: 'off' as const };
        await rig.start();
        const first = await rig.assign([role], terms);
        await rig.healthy(first, WAIT_MS);
        const { generation } = first;
        const health = [{ kind, failed: 'object.rules.exists(r, r.verbs.exists(v, v == "*"))' }];
        await rig.assign([role], { ...terms, generation, health });
        await rig.hub.eventually(
          () => (rig.agent?.state().sequence === rig.hub.sequence ? true : undefined),
          () => 'the manifest was not taken up',
        );
        await rig.edit(path, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }] });
        const report = await told(rig, { phase: 'failed' }, 'RuleFailed');
        expect(report.findings).toMatchObject([{ kind: 'Role', name: 'reader' }]);
        await rig.edit(path, { rules: role['rules'] ?? [] });
        await told(rig, { phase: 'healthy' });
      }));

    it("tells a Deployment whose new pods crash-loop as failed long before its deadline, with the container's last words", () =>
      withRig(async (rig) => {
        await rig.start();
        const shop = (image?: string) => [configMap('settings'), deployment('web', image, 2)];
        await rig.healthy(await rig.assign(shop()), WAIT_MS);
        const { generation } = await rig.assign(shop('registry.example/web:2.0-crash'));
        const report = await told(rig, { generation, phase: 'failed' }, 'CrashLoopBackOff');
        expect(report).toMatchObject({ cause: 'health', findings: [{ kind: 'Deployment', name: 'web' }] });
        const message = report.findings[0]?.message ?? '';
        expect(message).toContain('fatal: cannot start, as the tag of registry.example/web:2.0-crash says');
        expect(message).toMatch(/container main/);
        // Its own controller goes on hoping: 600 s are its default.
        const path = `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments/web`;
        const live = await rig.get(path);
        expect(live).toMatchObject({ spec: { progressDeadlineSeconds: 600 } });
        expect(JSON.stringify(live?.['status'])).not.toContain('ProgressDeadlineExceeded');
        await rig.healthy(await rig.assign(shop()), WAIT_MS);
      }));

    it.each([
      ['DaemonSet', {}],
      ['StatefulSet', { serviceName: 'web', replicas: 2 }],
    ])("tells a %s whose new pods crash-loop as failed, with the container's last words", (kind, more) =>
      withRig(async (rig) => {
        const workload = (image: string): JsonObject => {
          const { spec } = deployment('web', image) as { spec: JsonObject };
          return {
            apiVersion: 'apps/v1',
            kind,
            metadata: { name: 'web' },
            spec: { selector: spec['selector'] ?? {}, template: spec['template'] ?? {}, ...more },
          };
        };
        await rig.start();
        await rig.healthy(await rig.assign([workload('registry.example/web:1.0')]), WAIT_MS);
        const { generation } = await rig.assign([workload('registry.example/web:2.0-crash')]);
        const report = await told(rig, { generation, phase: 'failed' }, 'CrashLoopBackOff');
        expect(report).toMatchObject({ cause: 'health', findings: [{ kind, name: 'web' }] });
        expect(report.findings[0]?.message).toContain('fatal: cannot start, as the tag of');
      }),
    );
  });
}
