import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadAll } from 'js-yaml';
import type { JsonObject } from '#domain';
import { createLogger } from '#kit';
import { refOf } from '#kube';
import { type JsonMap, openFakeCluster } from '#kube/fake';
import { PodWatch } from '../../apps/agent/src/steps/apply/pod-watch.js';
import { TrackedObject } from '../../apps/agent/src/steps/apply/tracked-object.js';
import { type Fixture, FIXTURES, readFixtures } from '../../libs/domain/src/health/read-fixtures.suite.js';

const WORKLOADS = ['deployment', 'statefulset', 'daemonset', 'replicaset', 'replicationcontroller', 'job'];

/** What stands beside the object in its file: ReplicaSets and Pods, its own and somebody else's. */
function around({ kind, name }: Fixture): JsonObject[] {
  const documents = loadAll(readFileSync(path.join(FIXTURES, kind, `${name}.yaml`), 'utf8')) as JsonObject[];
  return documents.slice(2);
}

/** For how long the fixture's pods have been in their trouble, ms. */
function troubledForMs({ context }: Fixture): number {
  return Math.max(0, ...(context.pods ?? []).map(({ sinceMs }) => sinceMs));
}

describe('an agent that finds the pods behind a workload itself', () => {
  const fixtures = readFixtures().filter(
    // A fixture of an older generation asks for what the agent's last write answered.
    ({ kind, context }) => WORKLOADS.includes(kind) && context.generation === undefined,
  );

  it.each(fixtures.map((fixture) => [`${fixture.kind}/${fixture.name}`, fixture.expect.shows, fixture] as const))(
    'judges %s as the rules do: %s',
    async (_name, _shows, fixture) => {
      const { cluster, kube } = openFakeCluster({ objects: around(fixture) as JsonMap[] });
      cluster.pauseControllers(true);
      let now = 0;
      const object = new TrackedObject(refOf(fixture.object), 'd');
      object.see(fixture.object, now);
      const source = object.podSource();
      if (source !== null) {
        let quiet = 0;
        object.pods = new PodWatch({
          kube,
          source,
          clock: { now: () => now, monotonic: () => now },
          idleMs: 1_000,
          random: () => 0,
          logger: createLogger({ level: 'silent' }),
          onChange: () => (quiet = 0),
        });
        // Lists come at once: the pods', and for a Deployment its sets'.
        while (quiet++ < 20) await new Promise((resolve) => setImmediate(resolve));
        now += troubledForMs(fixture);
        object.reassess(now);
      }
      const { health, reason, message } = fixture.expect;
      const { health: verdict, pods } = object;
      object.close();
      cluster.close();
      expect(verdict).toEqual({ status: health, reason, message });
      if (source !== null) expect(pods?.observed().length).toBe(fixture.context.pods?.length ?? 0);
    },
  );

  it('has looked at pods, of every kind of workload that has some', () => {
    const kinds = new Set(fixtures.filter(({ context }) => context.pods !== undefined).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...WORKLOADS].sort());
  });
});
