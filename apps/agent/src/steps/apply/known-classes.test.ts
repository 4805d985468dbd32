import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '#domain';
import { createLogger, RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { KnownClasses } from './known-classes.js';

const GIVING = { spec: { controller: 'k8s.io/ingress-nginx' } };
const QUIET = { spec: { controller: 'example.com/quiet' } };

function ingress(ingressClassName: string | null, ip = '', annotation = ''): JsonObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'web', annotations: annotation === '' ? {} : { 'kubernetes.io/ingress.class': annotation } },
    spec: ingressClassName === null ? {} : { ingressClassName },
    status: ip === '' ? {} : { loadBalancer: { ingress: [{ ip }] } },
  };
}

let answers: Record<string, KubeResponse | Error>;
let asked: string[];
let learned: number;
let classes: KnownClasses;

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const facts = (object: JsonObject) => classes.factsOf(object, () => (learned += 1));
const found = (body: JsonObject): KubeResponse => ({ status: 200, body });

beforeEach(() => {
  jest.useFakeTimers();
  answers = {};
  asked = [];
  learned = 0;
  const kube: Pick<Kube, 'request'> = {
    request: ({ path }) => {
      asked.push(path);
      const answer = answers[path.split('/').at(-1) ?? ''] ?? { status: 404, body: {} };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  classes = new KnownClasses({ kube: kube as Kube, logger: createLogger({ level: 'silent' }) });
});

afterEach(() => {
  classes.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

it("wait for an address while a class is asked for, once, and then as its controller's name says", async () => {
  answers = { nginx: found(GIVING), quiet: found(QUIET) };
  for (const each of ['nginx', 'quiet', 'gone']) expect(facts(ingress(each))).toEqual({ givesAddress: true });
  await settled();
  expect(learned).toBe(3);
  expect(facts(ingress('nginx'))).toEqual({ givesAddress: true });
  expect(facts(ingress('quiet'))).toEqual({ givesAddress: false });
  expect(facts(ingress('gone'))).toEqual({ givesAddress: false });
  expect(asked).toHaveLength(3);
});

it('know a class that has given somebody an address, whoever its controller is', async () => {
  answers = { quiet: found(QUIET) };
  facts(ingress('quiet'));
  classes.note(ingress('quiet', '192.0.2.1'));
  await settled();
  expect(facts(ingress('quiet'))).toEqual({ givesAddress: true });
  classes.note(ingress(null, '192.0.2.1', 'old'));
  expect(facts(ingress(null, '', 'old'))).toEqual({ givesAddress: true });
  expect(asked).toHaveLength(1);
});

it('ask for nothing where no class is named, and wait only once one without a class has an address', () => {
  expect(facts(ingress(null))).toEqual({ givesAddress: false });
  expect(facts(ingress(null, '192.0.2.1'))).toEqual({});
  expect(facts(ingress(null))).toEqual({ givesAddress: true });
  expect(asked).toEqual([]);
});

it('ask again after a while where the API server did not answer', async () => {
  answers = { nginx: new RetryableError('kube-unreachable', 'gone') };
  facts(ingress('nginx'));
  await jest.advanceTimersByTimeAsync(1_000);
  expect(learned).toBe(0);
  answers = { nginx: found(QUIET) };
  await jest.advanceTimersByTimeAsync(10_000);
  expect(learned).toBe(1);
  expect(facts(ingress('nginx'))).toEqual({ givesAddress: true });
  await settled();
  expect(facts(ingress('nginx'))).toEqual({ givesAddress: false });
});

it('know of a claim whether it waits for its first pod', async () => {
  answers = { later: found({ volumeBindingMode: 'WaitForFirstConsumer' }), now: found({}) };
  const claim = (storageClassName: string, phase = 'Pending'): JsonObject => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec: { storageClassName },
    status: { phase },
  });
  expect(facts(claim('later'))).toEqual({});
  expect(facts(claim('now'))).toEqual({});
  expect(facts(claim('bound', 'Bound'))).toEqual({});
  await settled();
  expect(facts(claim('later'))).toEqual({ bindsOnFirstUse: true });
  expect(facts(claim('now'))).toEqual({ bindsOnFirstUse: false });
  expect(asked).toHaveLength(2);
});
