import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../json.js';
import { policyExpressionProblem, readPolicies } from './judge-by-policies.js';
import type { PolicySpec } from './policy.js';

const place = {
  cluster: { name: 'eu-1', labels: { env: 'prod' }, facts: { 'kubernetes.minor': '1.33' } },
  application: { name: 'web', namespace: 'shop' },
};
const container = (image: string, more: JsonObject = {}): JsonObject => ({ name: 'main', image, ...more });
const pod = (...containers: readonly JsonObject[]): JsonObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers } },
});
const cron: JsonObject = {
  ...{ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'nightly' } },
  spec: { jobTemplate: { spec: { template: { spec: { initContainers: [container('a:latest')] } } } } },
};
const policy = (expression: string, more: Partial<PolicySpec> = {}): readonly { name: string; spec: PolicySpec }[] => [
  {
    name: 'images',
    spec: {
      ...{ mode: 'refuse', match: { kinds: ['*'] }, ...more },
      rules: [{ name: 'tag', expression, message: 'name a version' }],
    },
  },
];
const noLatest = 'containers.all(c, !c.image.endsWith(":latest"))';
const judged = (policies: ReturnType<typeof policy>, object: JsonObject): readonly string[] =>
  readPolicies(policies)
    .judge(object, place)
    .map(({ severity, rule, object: about, message }) => `${severity} ${rule} ${about}: ${message}`);

describe('policies', () => {
  it('see every container, however deep it is', () => {
    const refused = 'refuse policy/images/tag';
    expect(judged(policy(noLatest), pod(container('a:1')))).toEqual([]);
    expect(judged(policy(noLatest), pod(container('a:1'), container('b:latest')))).toEqual([
      `${refused} Pod web: name a version`,
    ]);
    expect(judged(policy(noLatest), cron)).toEqual([`${refused} CronJob nightly: name a version`]);
    expect(judged(policy(noLatest), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } })).toEqual([]);
  });

  it('are for some kinds and some clusters, and warn where they are to', () => {
    const bad = pod(container('b:latest'));
    expect(judged(policy(noLatest, { match: { kinds: ['apps/Deployment'] } }), bad)).toEqual([]);
    const only = (env: string) => ({ match: { kinds: ['Pod'], selector: { matchLabels: { env } } } });
    expect(judged(policy(noLatest, only('dev')), bad)).toEqual([]);
    expect(judged(policy(noLatest, { ...only('prod'), mode: 'warn' }), bad)).toEqual([
      'warn policy/images/tag Pod web: name a version',
    ]);
  });

  it('know the cluster and the application, and tell whether they ask for the former', () => {
    const of = 'cluster.labels.env != "prod" || application.namespace == "shop"';
    expect(judged(policy(of), pod())).toEqual([]);
    expect(judged(policy('cluster.facts["kubernetes.minor"] == "1.20"'), pod())).toHaveLength(1);
    expect(readPolicies(policy(of)).dependOnCluster).toBe(true);
    expect(readPolicies(policy(noLatest)).dependOnCluster).toBe(false);
  });

  it('say no where they can not be asked', () => {
    expect(judged(policy('object.spec.replicas > 1'), pod())[0]).toMatch(/can't be asked of it .*guard it by has\(\)/);
    expect(judged(policy('object.spec.containers'), pod())[0]).toMatch(/neither true nor false/);
    const many = pod(...Array.from({ length: 7000 }, () => container('a:1')));
    expect(judged(policy(noLatest), many)[0]).toMatch(/too big/);
    expect(judged(policy('nonsense('), pod())[0]).toMatch(/its expression must be CEL/);
  });

  it('are asked of what is encrypted too, and say no where that decides what is done', () => {
    const sops = { mac: 'x', file: 'x'.repeat(100_000) };
    const sealed = 'ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]';
    // One encrypted value lets nothing past that is in the clear.
    const aside = { ...pod(container('b:latest')), metadata: { name: 'web', annotations: { note: sealed } }, sops };
    expect(judged(policy(noLatest), aside)[0]).toMatch(/metadata\.annotations\.note is encrypted/);
    expect(judged(policy(noLatest), { ...pod(container('b:latest')), sops })[0]).toMatch(/name a version/);
    expect(judged(policy('false'), { ...pod(), sops })).toHaveLength(1);
    const hidden = /spec\.containers\[0\]\.image is encrypted.*encrypt the data of Secrets and ConfigMaps alone/;
    expect(judged(policy(noLatest), { ...pod(container(sealed)), sops })[0]).toMatch(hidden);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, stringData: { a: sealed }, sops };
    expect(judged(policy(noLatest), secret)).toEqual([]);
    expect(judged(policy('has(object.metadata.labels)'), secret)[0]).toMatch(/name a version/);
    expect(judged(policy('!has(object.sops)'), secret)).toEqual([]);
  });

  it.each<[string, RegExp | null]>([
    [noLatest, null],
    ['has(object.metadata.labels) && "team" in object.metadata.labels', null],
    ['', /must be CEL/],
    ['1 + 1', /must say true or false/],
    ['unknown.x == 1', /must be CEL/],
    ['object.metadata.name.matches("(a+)+$")', /must not use matches/],
    [`"${'x'.repeat(1000)}" == ""`, /at most 1000/],
  ])('are read before they are taken: %s', (text, problem) => {
    const found = policyExpressionProblem(text);
    if (problem === null) expect(found).toBeNull();
    else expect(found).toMatch(problem);
  });
});
