import { expect, it } from '@jest/globals';
import type { JsonObject } from '#domain';
import { describeLeakSuite } from '../agent/leak-suite.js';
import { Rig } from '../agent/rig.js';
import { deployment, secret } from '../agent/samples.js';
import { openReal } from './open-real.js';

describeLeakSuite('a real control plane', openReal);

const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';

it('hides what an admission policy of the real API server echoes of a Deployment', async () => {
  const rig = await Rig.open(await openReal());
  const { namespace } = rig.cluster;
  const name = `echo-${namespace}`;
  const value = 'pl41n-p4ssw0rd';
  try {
    await rig.create(POLICIES, policy(name));
    await rig.create(BINDINGS, binding(name, namespace));
    await rig.start();
    const plain = deployment('web');
    const spec = plain['spec'] as { template: { spec: { containers: JsonObject[] } } };
    const containers = spec.template.spec.containers.map((each) => ({ ...each, env: [{ name: 'PASSWORD', value }] }));
    const template = { ...spec.template, spec: { containers } };
    const web = { ...plain, spec: { ...spec, template } as JsonObject };
    // A policy takes its time to be in force.
    await forced(rig, web);
    const assigned = await rig.assign([secret('db', { password: value }), web]);
    const report = await rig.hub.until(
      rig.application,
      ({ generation, phase }) => generation === assigned.generation && phase === 'failed',
      60_000,
    );
    expect(report.findings[0]?.message).toContain('the password (hidden) is too weak');
    const answers = [await rig.hub.ask('tree', rig.application), await rig.hub.ask('diff', rig.application)];
    for (const answer of answers) expect(JSON.stringify(answer)).toContain('the password (hidden) is too weak');
    expect(JSON.stringify([answers, rig.hub.reports, rig.log])).not.toContain(value);
  } finally {
    await rig.remove(`${BINDINGS}/${name}`);
    await rig.remove(`${POLICIES}/${name}`);
    await rig.close();
  }
}, 120_000);

function policy(name: string): JsonObject {
  const env = 'object.spec.template.spec.containers[0].env[0].value';
  const rule = {
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: ['deployments'],
  };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules: [rule] },
      validations: [
        { expression: `${env}.size() > 20`, messageExpression: `"the password " + ${env} + " is too weak"` },
      ],
    },
  };
}

function binding(name: string, namespace: string): JsonObject {
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], matchResources: { namespaceSelector } },
  };
}

async function forced(rig: Rig, body: JsonObject): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${rig.cluster.namespace}/deployments`;
  for (const end = performance.now() + 60_000; performance.now() < end;) {
    const { status } = await rig.cluster.kube.request({ method: 'POST', path, query: { dryRun: 'All' }, body });
    if (status === 422) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the policy is not in force');
}
