import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { JsonObject } from '#domain';
import type { Rig } from '../agent/rig.js';
import { sharedControlPlane } from './control-plane/shared-control-plane.js';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

export interface PolicySpec {
  readonly rules: readonly JsonObject[];
  /** CEL. */
  readonly expression: string;
  readonly message: string;
}

/** A webhook that makes one change to every ConfigMap of a namespace that is written. */
export class Mutation {
  private constructor(
    private readonly server: Server,
    private readonly rig: Rig,
    private readonly name: string,
  ) {}

  static async start(rig: Rig, patch: JsonObject): Promise<Mutation> {
    const folder = dirname(sharedControlPlane().caFile);
    const [cert, key] = ['apiserver.crt', 'apiserver.key'].map((file) => readFileSync(join(folder, file)));
    const server = createServer({ cert, key }, (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { request: asked } = JSON.parse(Buffer.concat(parts).toString()) as { request: { uid: string } };
        const answer = {
          uid: asked.uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify([patch])).toString('base64'),
        };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const name = `flotilla-test-${randomBytes(4).toString('hex')}`;
    await rig.create(`${ADMISSION}/mutatingwebhookconfigurations`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: 'region.example.com',
          clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: (cert as Buffer).toString('base64') },
          rules: [
            { apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE', 'UPDATE'] },
          ],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': rig.cluster.namespace } },
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Ignore',
        },
      ],
    });
    return new Mutation(server, rig, name);
  }

  async close(): Promise<void> {
    await this.rig.remove(`${ADMISSION}/mutatingwebhookconfigurations/${this.name}`);
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

/** Asks again and again, for 20 s. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error('not within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Has a policy enforced in a namespace for as long as the work takes. */
export async function withPolicy(
  rig: Rig,
  policy: PolicySpec,
  work: () => Promise<void>,
  namespace = rig.cluster.namespace,
): Promise<void> {
  const policyName = `flotilla-test-${randomBytes(4).toString('hex')}`;
  const { rules, expression, message } = policy;
  const head = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: policyName } };
  const policies = `${ADMISSION}/validatingadmissionpolicies`;
  const bindings = `${ADMISSION}/validatingadmissionpolicybindings`;
  await rig.create(policies, {
    ...head,
    kind: 'ValidatingAdmissionPolicy',
    spec: { matchConstraints: { resourceRules: rules }, validations: [{ expression, messageExpression: message }] },
  });
  await rig.create(bindings, {
    ...head,
    kind: 'ValidatingAdmissionPolicyBinding',
    spec: {
      policyName,
      validationActions: ['Deny'],
      matchResources: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    },
  });
  try {
    await work();
  } finally {
    await rig.remove(`${bindings}/${policyName}`);
    await rig.remove(`${policies}/${policyName}`);
  }
}
