import { setTimeout as sleep } from 'node:timers/promises';
import { isSuccess, textAt } from '#kube';
import { RejectedError } from '#kit';
import { AGENT_USER, type BenchCluster, type Installed } from './bench-cluster.js';
import { say } from './machine.js';
import { round } from './percentile.js';
import { sampleApplication } from './sample-application.js';

const OBJECTS = 200;
/** So often an object is put back without a wait; then each correction waits for longer than the one before. */
const ROUNDS_OF_CORRECTIONS = 5;

interface Sample {
  readonly reconciles: number;
  readonly rssMiB: number;
}

/** Memory over many reconciles: rounds that change all objects of an application, and some in which somebody else does. */
export async function measureReconciles(cluster: BenchCluster, reconciles: number): Promise<object> {
  const { agent } = cluster;
  await agent.start();
  const installed = await cluster.install('reconciles', OBJECTS);
  const rounds = Math.ceil(reconciles / OBJECTS);
  const everyNth = Math.ceil(rounds / ROUNDS_OF_CORRECTIONS);
  const samples: Sample[] = [];
  let done = 0;
  let corrected = 0;
  for (let turn = 1; done < reconciles; turn += 1) {
    cluster.audit.read();
    if (turn % everyNth === 0) {
      corrected += await changeByHand(cluster, installed, turn);
    } else {
      await cluster.update(installed, `round-${turn}`, true);
    }
    await sleep(500);
    done += OBJECTS;
    samples.push({ reconciles: done, rssMiB: agent.memory().rss });
    if (turn % 5 === 0) say(`${done} reconciles, RSS ${round(agent.memory().rss, 1)} MiB`);
  }
  const { peak } = agent.memory();
  await cluster.uninstall(installed);
  const settled = samples.filter((each) => each.reconciles >= done / 5);
  return {
    reconciles: done,
    corrected,
    rssMiB: samples.filter((_, at) => at % 10 === 9).map(({ rssMiB }) => round(rssMiB, 1)),
    peakMiB: round(peak, 1),
    // Least squares over the last four fifths.
    slopeKiBPerThousand: round(slope(settled) * 1024 * 1000),
  };
}

/** Changes every object as somebody without a say would, and waits until each is put back. */
async function changeByHand(cluster: BenchCluster, { objects, namespace }: Installed, turn: number): Promise<number> {
  const kinds = await collections(cluster, namespace);
  for (const object of sampleApplication({ objects })) {
    const { apiVersion, kind, metadata } = object as { apiVersion: string; kind: string; metadata: { name: string } };
    const collection = kinds.get(`${apiVersion}/${kind}`) ?? '';
    const answer = await cluster.kube.request({
      method: 'PATCH',
      path: `${collection}/${metadata.name}`,
      contentType: 'application/merge-patch+json',
      query: { fieldManager: 'somebody' },
      body: { metadata: { annotations: { 'example.com/version': `by-hand-${turn}` } } },
    });
    if (!isSuccess(answer)) throw new RejectedError('bench', `${kind} could not be changed: ${answer.status}`);
  }
  const corrected = new Set<string>();
  return await cluster.audit.until(
    'the correction of all objects',
    (requests) => {
      for (const { user, verb, isDryRun, uri } of requests) {
        if (user === AGENT_USER && verb === 'patch' && !isDryRun) corrected.add(uri);
      }
      return corrected.size >= objects ? corrected.size : undefined;
    },
    120_000,
  );
}

async function collections({ kube }: BenchCluster, namespace: string): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  const versions = new Set(sampleApplication({ objects: 19 }).map((object) => textAt(object, 'apiVersion')));
  for (const version of versions) {
    const base = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
    const { body } = await kube.request({ method: 'GET', path: base });
    for (const each of body['resources'] as readonly { kind: string; name: string }[]) {
      if (!each.name.includes('/'))
        paths.set(`${version}/${each.kind}`, `${base}/namespaces/${namespace}/${each.name}`);
    }
  }
  return paths;
}

function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [x, y] = [mean(samples.map((each) => each.reconciles)), mean(samples.map((each) => each.rssMiB))];
  const top = samples.reduce((sum, each) => sum + (each.reconciles - x) * (each.rssMiB - y), 0);
  return top / samples.reduce((sum, each) => sum + (each.reconciles - x) ** 2, 0);
}
