import { describe, expect, it } from '@jest/globals';
import type { ApplicationAskKind } from '#contract';
import type { JsonObject } from '#domain';
import type { KubeRequest, KubeResponse } from '#ports';
import type { OpenedBus } from '../../apps/agent/src/agent-options.js';
import { Rig, type SuiteCluster } from './rig.js';
import { configMap, deployment, job, secret } from './samples.js';

const PEM = [
  '-----BEGIN KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
  'BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  '-----END KEY-----',
];

/** None of these, in no spelling, may leave the cluster. */
const VALUES = {
  plain: 'pl41n-p4ssw0rd',
  encoded: '3nc0ded-t0ken',
  rotated: 'r0tated-p4ss',
  byHand: 'typed-by-h4nd',
  applied: 'once-4pplied-by-kubectl',
  quoted: 'qu"oted\\sl4sh&<tag>',
  pem: `${PEM.join('\n')}\n`,
} as const;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Whatever an agent tells: the bodies of all that it publishes, the log, and what it said when it joined. */
class Ears {
  readonly bodies: string[] = [];

  /** A bus that listens to what goes out. */
  tap(bus: OpenedBus): OpenedBus {
    const hear = (body: Uint8Array): void => void this.bodies.push(Buffer.from(body).toString());
    return new Proxy(bus, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: readonly unknown[]) => unknown;
        if (typeof name !== 'string' || !name.startsWith('publish')) return call;
        return (...args: readonly unknown[]) => {
          for (const each of args) if (each instanceof Uint8Array) hear(each);
          this.bodies.push(JSON.stringify(args.filter((each) => typeof each === 'string')));
          return call(...args);
        };
      },
    });
  }
}

/** That no value of a Secret leaves the cluster, whatever goes wrong; the same on a simulated one and on a real one. */
export function describeLeakSuite(name: string, openCluster: () => Promise<SuiteCluster>): void {
  describe(`what leaves ${name}`, () => {
    it('holds no value of a Secret, whatever the cluster echoes', async () => {
      const rig = await Rig.open(await openCluster());
      const ears = new Ears();
      try {
        await tellAll(rig, ears);
        const told = [...ears.bodies, ...rig.log, JSON.stringify(rig.hub.joins), JSON.stringify(rig.hub.reports)];
        for (const spelling of spellings()) {
          expect(told.filter((text) => text.includes(spelling)).map((text) => [spelling, text])).toEqual([]);
        }
        const all = told.join('\n');
        // What was to be told was told, with its values hidden.
        for (const words of [
          'field is immutable',
          'denied the request',
          'Unsupported value',
          'cannot log in with',
          'pulled with',
          'data.plain',
        ]) {
          expect(all).toContain(words);
        }
        expect(all.match(/\(hidden\)/g)?.length).toBeGreaterThan(8);
        expect(all).toMatch(/\(hidden [0-9a-f]{8}\)/);
      } catch (error) {
        process.stderr.write(`${rig.log.slice(-10).join('')}\n${JSON.stringify(rig.hub.reports.slice(-2), null, 1)}\n`);
        throw error;
      } finally {
        await rig.close();
      }
    }, 180_000);
  });
}

function spellings(): readonly string[] {
  const whole = Object.values(VALUES).flatMap((value) => [value, base64(value), JSON.stringify(value).slice(1, -1)]);
  return [...whole, ...PEM.slice(1, 3), base64(VALUES.pem).slice(0, 30), 'sl4sh'];
}

async function tellAll(rig: Rig, ears: Ears): Promise<void> {
  const { namespace } = rig.cluster;
  const core = (plural: string, named = ''): string =>
    `/api/v1/namespaces/${namespace}/${plural}${named && `/${named}`}`;
  const widgets = `widgets-${namespace}`.slice(0, 50);
  const group = `${widgets}.example.com`;
  // Somebody had it before us, with kubectl.
  await rig.create(
    core('secrets'),
    {
      ...secret('db', { plain: VALUES.applied }),
      metadata: {
        name: 'db',
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ stringData: { plain: VALUES.applied } }),
        },
      },
    },
    'kubectl-client-side-apply',
  );
  await rig.start({
    openBus: ({ cluster, credential, onAuthExpired }) =>
      ears.tap(rig.bus.agent({ cluster, key: rig.hub.joins[0]?.publicKey ?? '', credential, onAuthExpired })),
  });
  const askAll = async (): Promise<void> => {
    for (const kind of ['tree', 'diff', 'events'] as const satisfies readonly ApplicationAskKind[]) {
      await rig.hub.ask(kind, rig.application);
    }
  };
  const failed = async (generation: number): Promise<void> => {
    await rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'failed', 60_000);
    await askAll();
  };
  const db: JsonObject = {
    ...secret('db', { plain: VALUES.plain, quoted: VALUES.quoted, pem: VALUES.pem }),
    data: { encoded: base64(VALUES.encoded) },
  };
  const objects = [
    db,
    definition(widgets, group),
    widget(group, 'fine', { mode: 'on' }),
    envJob(VALUES.plain),
    deployment('web'),
  ];
  await rig.healthy(await rig.assign(objects), 60_000);
  await askAll();

  // By hand, while drift is only told; an annotation that copies what was applied among it.
  await rig.healthy(await rig.assign(objects, { drift: 'report' }), 60_000);
  await rig.edit(core('secrets', 'db'), {
    metadata: {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': `{"stringData":{"plain":"${VALUES.byHand}"}}`,
        note: `was ${VALUES.byHand}, in Git ${VALUES.plain}`,
      },
    },
    stringData: { plain: VALUES.byHand },
  });
  await rig.hub.until(rig.application, ({ drift }) => (drift?.drifted ?? 0) > 0, 60_000);
  await askAll();

  // A controller, the kubelet and events say it.
  const live = await rig.get(`/apis/${group}/v1/namespaces/${namespace}/${widgets}/fine`);
  const conditions = [
    {
      type: 'Ready',
      status: 'False',
      reason: 'LoginFailed',
      message: `cannot log in with ${VALUES.plain} (${base64(VALUES.encoded)}), nor with\n${VALUES.pem}`,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ];
  expect(live).not.toBeNull();
  await rig.edit(`/apis/${group}/v1/namespaces/${namespace}/${widgets}/fine`, { status: { conditions } }, 'controller');
  await rig.hub.until(rig.application, ({ message = '' }) => message.includes('cannot log in with'), 60_000);
  await rig.create(core('events'), {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'told', namespace },
    involvedObject: { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' },
    type: 'Warning',
    reason: 'Failed',
    message: `pulled with ${VALUES.encoded} and ${JSON.stringify(VALUES.quoted)}, and ${base64(VALUES.pem)}`,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
    source: { component: 'suite' },
  });
  await askAll();
  await rig.edit(`/apis/${group}/v1/namespaces/${namespace}/${widgets}/fine`, { status: null }, 'controller');

  // The API server echoes a whole template, and a custom resource's field.
  const template = await rig.assign([
    ...objects.filter(({ kind }) => kind !== 'Job'),
    envJob(VALUES.plain, 'registry.example/job:2'),
  ]);
  await failed(template.generation);
  const field = await rig.assign([...objects, widget(group, 'wrong', { mode: VALUES.encoded })]);
  await failed(field.generation);

  // A webhook does; of the former value too, after it was rotated.
  rig.kube.intercept = (request) => denied(request);
  const rotated = { ...db, stringData: { ...(db['stringData'] as JsonObject), plain: VALUES.rotated } };
  const webhook = await rig.assign([
    rotated,
    ...objects.slice(1, 4),
    deployment('web', 'registry.example/web:2'),
    configMap('echo', { text: VALUES.rotated }),
  ]);
  await failed(webhook.generation);
  // One that lets nothing be deleted, too.
  rig.kube.intercept = (request) => (request.method === 'DELETE' ? refusal() : null);
  await failed((await rig.assign(null)).generation);
  rig.kube.intercept = () => null;
}

function denied({ method, path }: KubeRequest): KubeResponse | null {
  return method === 'PATCH' && /\/(deployments|configmaps)\//.test(path) ? refusal() : null;
}

function refusal(): KubeResponse {
  const filler = 'x'.repeat(470);
  const message = `admission webhook "policy.example.com" denied the request: ${VALUES.rotated} is weak, ${VALUES.plain} was; ${filler} ${VALUES.rotated}`;
  return { status: 403, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', message } };
}

function envJob(value: string, image?: string): JsonObject {
  const plain = job('migrate', {}, image);
  const spec = plain['spec'] as { template: { spec: { containers: JsonObject[] } } };
  const containers = spec.template.spec.containers.map((each) => ({ ...each, env: [{ name: 'DB_PASSWORD', value }] }));
  return { ...plain, spec: { template: { spec: { ...spec.template.spec, containers } } } };
}

function definition(plural: string, group: string): JsonObject {
  const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const spec = { type: 'object', properties: { mode: { type: 'string', enum: ['on', 'off'] } } };
  const openAPIV3Schema = { type: 'object', properties: { spec, status: open } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Widget', plural },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

function widget(group: string, name: string, spec: JsonObject): JsonObject {
  return { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name }, spec };
}
