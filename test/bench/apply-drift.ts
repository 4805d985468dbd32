import type { JsonObject } from '#domain';
import { isSuccess } from '#kube';
import type { KubeRequest } from '#ports';
import { RejectedError } from '#kit';
import { AGENT_USER, type BenchCluster } from './bench-cluster.js';

export interface DriftTimes {
  /** From the API server's answer to whoever changed it to the agent's first request for it. */
  readonly seenMs: readonly number[];
  /** To the API server's answer to the write that put it back. */
  readonly correctedMs: readonly number[];
}

interface Change {
  readonly resource: string;
  readonly collection: string;
  readonly name: string;
  /** Null: it is deleted. */
  readonly body: JsonObject | null;
}

/** Changes and deletes objects of an application as somebody at a shell would, one after another, and waits for the agent. */
export async function measureDrift(cluster: BenchCluster, namespace: string, count: number): Promise<DriftTimes> {
  const { kube, audit } = cluster;
  const seenMs: number[] = [];
  const correctedMs: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const { resource, collection, name, body } = changeOf(at);
    const path = `${collection.replace('NAMESPACE', namespace)}/${resource}/${name}`;
    const request: KubeRequest = {
      method: body === null ? 'DELETE' : 'PATCH',
      path,
      ...(body !== null && { body, contentType: 'application/merge-patch+json', query: { fieldManager: 'somebody' } }),
    };
    audit.read();
    const answer = await kube.request(request);
    if (!isSuccess(answer)) throw new RejectedError('bench', `${path} could not be changed: ${answer.status}`);
    const times = await audit.until(`the correction of ${path}`, (requests) => {
      const about = requests.filter((each) => each.resource === resource && each.name === name);
      const changed = about.find(({ user }) => user !== AGENT_USER);
      const looks = about.filter(({ user }) => user === AGENT_USER);
      const write = looks.find(({ verb, isDryRun }) => verb === 'patch' && !isDryRun);
      const [look] = looks;
      return changed && look && write ? { changed, look, write } : undefined;
    });
    seenMs.push(Math.max(0, times.look.receivedAt - times.changed.answeredAt));
    correctedMs.push(times.write.answeredAt - times.changed.answeredAt);
  }
  return { seenMs, correctedMs };
}

/** By turns a ConfigMap's value, a Deployment's image, and a Service that is gone; each time another object. */
function changeOf(at: number): Change {
  const row = Math.floor(at / 3);
  const part = (place: number): string => `part-${String(row * 19 + place).padStart(4, '0')}`;
  const core = '/api/v1/namespaces/NAMESPACE';
  if (at % 3 === 0) {
    return { resource: 'configmaps', collection: core, name: part(1), body: { data: { version: 'by-hand' } } };
  }
  if (at % 3 === 1) return { resource: 'services', collection: core, name: part(8), body: null };
  const containers = [{ name: 'main', image: 'registry.example/other:2.0' }];
  return {
    resource: 'deployments',
    collection: '/apis/apps/v1/namespaces/NAMESPACE',
    name: part(14),
    body: { spec: { template: { spec: { containers } } } },
  };
}
