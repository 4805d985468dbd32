import { describe, expect, it } from '@jest/globals';
import type { JsonObject, ManifestApplication } from '#domain';
import { mapAt, textAt } from '#kube';
import { MortalKube } from './mortal-kube.js';
import { type Rig, rigOn, type SuiteCluster } from './rig.js';
import { configMap, deployment, job } from './samples.js';

const HOOK = 'helm.sh/hook';

interface HookOptions {
  readonly weight?: number;
  readonly policy?: string;
}

function hooked(object: JsonObject, events: string, { weight, policy }: HookOptions = {}): JsonObject {
  const annotations = {
    [HOOK]: events,
    ...(weight !== undefined && { 'helm.sh/hook-weight': String(weight) }),
    ...(policy !== undefined && { 'helm.sh/hook-delete-policy': policy }),
  };
  return { ...object, metadata: { ...mapAt(object, 'metadata'), annotations } };
}

/** A Job that fails with its first pod. */
function failing(name: string, image = 'registry.example/job:crash'): JsonObject {
  const plain = job(name, {}, image);
  return { ...plain, spec: { ...mapAt(plain, 'spec'), backoffLimit: 0 } };
}

/** A Job that waits for `resume`. */
function waiting(name: string): JsonObject {
  const plain = job(name);
  return { ...plain, spec: { ...mapAt(plain, 'spec'), suspend: true } };
}

/** Helm's hooks as its users expect them; the same on a simulated cluster and on a real one. */
export function describeHooksSuite(
  name: string,
  openCluster: () => Promise<SuiteCluster>,
  /** At which of its writes the agent is killed, before and after it. */
  crashes: readonly number[],
): void {
  describe(`hooks on ${name}`, () => {
    const withRig = rigOn(openCluster);
    const jobAt = (rig: Rig, named: string) => `/apis/batch/v1/namespaces/${rig.cluster.namespace}/jobs/${named}`;
    const mapOf = (rig: Rig, named: string) => `/api/v1/namespaces/${rig.cluster.namespace}/configmaps/${named}`;
    const uid = async (rig: Rig, named: string): Promise<string> =>
      textAt(mapAt((await rig.get(jobAt(rig, named))) ?? {}, 'metadata'), 'uid');
    const resume = (rig: Rig, named: string) => rig.edit(jobAt(rig, named), { spec: { suspend: false } });
    const failed = ({ generation }: ManifestApplication, rig: Rig) =>
      rig.hub.until(rig.application, (each) => each.generation === generation && each.phase === 'failed', 60_000);
    const healthy = (rig: Rig, assigned: ManifestApplication) => rig.healthy(assigned, 60_000);
    /** What was written, in order, each object once. */
    const written = (rig: Rig): readonly string[] => [
      ...new Set(
        rig.kube
          .writes(rig.cluster.agentNamespace)
          .filter(({ method }) => method === 'PATCH')
          .map(({ path }) => path.split('/').at(-1) ?? ''),
      ),
    ];
    const shop = (v = '1'): JsonObject[] => [configMap('settings', { v }), deployment('web')];

    it(
      'come before everything else, and after everything is healthy, in the order of their weight, each once',
      () =>
        withRig(async (rig) => {
          const hooks = [
            hooked(configMap('a-for-hooks'), 'pre-install,pre-upgrade', { weight: -5 }),
            hooked(waiting('migrate'), 'pre-install, pre-upgrade', { weight: 1 }),
            hooked(job('seed'), 'pre-install', { weight: 2 }),
            hooked(job('upgrade'), 'pre-upgrade', { weight: 2 }),
            hooked(waiting('announce'), 'post-install,post-upgrade'),
            hooked(job('try'), 'test'),
            hooked(job('undo'), 'pre-rollback,post-delete'),
          ];
          await rig.start();
          const first = await rig.assign([...shop(), ...hooks]);
          await rig.live(jobAt(rig, 'migrate'), (live) => live !== null, 60_000);
          await rig.hub.until(
            rig.application,
            ({ message = '' }) => /pre-install hook Job \S+migrate is/.test(message),
            60_000,
          );
          expect(await rig.get(mapOf(rig, 'settings'))).toBeNull();
          await resume(rig, 'migrate');
          const running = await rig.hub.until(
            rig.application,
            ({ message = '' }) => /post-install hook Job \S+announce is running/.test(message),
            60_000,
          );
          expect(running).toMatchObject({ phase: 'progressing', findings: [] });
          await resume(rig, 'announce');
          await healthy(rig, first);
          expect(rig.hub.latest(rig.application)).toMatchObject({ objects: 2, runs: first.digest });
          expect(written(rig)).toEqual(['a-for-hooks', 'migrate', 'seed', 'settings', 'web', 'announce']);

          // The same once more, a restart, a look at everything, and somebody who tidies up.
          const before = [await uid(rig, 'migrate'), await uid(rig, 'announce')];
          rig.kube.requests = [];
          await healthy(rig, await rig.assign([...shop(), ...hooks]));
          await rig.stop();
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'healthy', 60_000);
          await rig.edit(mapOf(rig, 'settings'), { data: { v: 'by hand' } });
          await rig.live(mapOf(rig, 'settings'), (live) => mapAt(live ?? {}, 'data')['v'] === '1', 30_000);
          expect(written(rig)).toEqual(['settings']);
          expect([await uid(rig, 'migrate'), await uid(rig, 'announce')]).toEqual(before);

          const next = await rig.assign([...shop('2'), ...hooks]);
          await rig.live(
            jobAt(rig, 'migrate'),
            (live) => live !== null && textAt(mapAt(live, 'metadata'), 'uid') !== before[0],
            60_000,
          );
          expect(mapAt((await rig.get(mapOf(rig, 'settings'))) ?? {}, 'data')).toEqual({ v: '1' });
          rig.kube.requests = [];
          await rig.removeWithDependents(jobAt(rig, 'seed'));
          await resume(rig, 'migrate');
          await rig.live(
            jobAt(rig, 'announce'),
            (live) => live !== null && textAt(mapAt(live, 'metadata'), 'uid') !== before[1],
            60_000,
          );
          await resume(rig, 'announce');
          await healthy(rig, next);
          expect(written(rig).filter((each) => each !== 'web')).toEqual(['upgrade', 'settings', 'announce']);
          expect(await rig.get(jobAt(rig, 'seed'))).toBeNull();
          expect(await rig.get(jobAt(rig, 'try'))).toBeNull();

          // As with Helm, they stay when the application goes.
          const { generation } = await rig.assign(null);
          await rig.hub.until(
            rig.application,
            (each) => each.generation === generation && each.phase === 'healthy',
            60_000,
          );
          expect(await rig.get(mapOf(rig, 'settings'))).toBeNull();
          expect(await rig.get(jobAt(rig, 'migrate'))).not.toBeNull();
        }),
      180_000,
    );

    it(
      'that fail are told by their name and reason, let nothing be applied, and are not run again until there is a newer generation',
      () =>
        withRig(async (rig) => {
          await rig.start();
          const bad = [
            ...shop(),
            hooked(failing('migrate'), 'pre-install,pre-upgrade', { policy: 'before-hook-creation' }),
          ];
          const report = await failed(await rig.assign(bad), rig);
          expect(report).toMatchObject({
            cause: 'sync',
            runs: '',
            findings: [{ kind: 'Job', name: 'migrate', reason: 'HookFailed' }],
          });
          expect(report.message).toMatch(/^Job \S+migrate: the pre-install hook failed: BackoffLimitExceeded/);
          const before = await uid(rig, 'migrate');
          await rig.stop();
          await rig.start();
          await rig.hub.until(rig.application, (each) => each.boot === 2 && each.phase === 'failed', 60_000);
          await new Promise((resolve) => setTimeout(resolve, 500));
          expect(await uid(rig, 'migrate')).toBe(before);
          expect(await rig.get(mapOf(rig, 'settings'))).toBeNull();
          // Still an installation, as nothing was ever applied whole.
          await healthy(rig, await rig.assign([...shop(), hooked(job('migrate'), 'pre-install')]));
          expect(await uid(rig, 'migrate')).not.toBe(before);

          const last = await failed(await rig.assign([...shop('2'), hooked(failing('announce'), 'post-upgrade')]), rig);
          expect(last.message).toMatch(/^Job \S+announce: the post-upgrade hook failed: /);
          expect(mapAt((await rig.get(mapOf(rig, 'settings'))) ?? {}, 'data')).toEqual({ v: '2' });
          const told = rig.hub.reports.length;
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          expect(rig.hub.reports.slice(told).filter(({ phase }) => phase !== 'failed')).toEqual([]);
          // What else it holds is kept as Git has it.
          await rig.edit(mapOf(rig, 'settings'), { data: { v: 'by hand' } });
          await rig.live(mapOf(rig, 'settings'), (live) => mapAt(live ?? {}, 'data')['v'] === '2', 30_000);
        }),
      180_000,
    );

    it(
      'are deleted as their policies say, and make no room for themselves where they do not',
      () =>
        withRig(async (rig) => {
          await rig.start();
          const hooks = [
            hooked(job('gone-well'), 'pre-install', { policy: 'hook-succeeded' }),
            hooked(configMap('for-it'), 'pre-install', { policy: 'hook-succeeded,hook-failed', weight: -1 }),
            hooked(job('stays'), 'pre-install,pre-upgrade', { policy: 'hook-failed' }),
          ];
          await healthy(rig, await rig.assign([...shop(), ...hooks]));
          await rig.live(jobAt(rig, 'gone-well'), (live) => live === null, 30_000);
          await rig.live(mapOf(rig, 'for-it'), (live) => live === null, 30_000);
          expect(await rig.get(jobAt(rig, 'stays'))).not.toBeNull();

          const stuck = await failed(await rig.assign([...shop('2'), ...hooks]), rig);
          expect(stuck.message).toContain('does not say before-hook-creation: delete it, or add that');
          await rig.removeWithDependents(jobAt(rig, 'stays'));
          await rig.hub.until(rig.application, (each) => each.phase === 'healthy', 60_000);

          const theirs = { ...configMap('theirs'), metadata: { name: 'theirs' } };
          await rig.create(`/api/v1/namespaces/${rig.cluster.namespace}/configmaps`, theirs);
          const refused = await failed(
            await rig.assign([...shop('3'), hooked(configMap('theirs'), 'pre-upgrade')]),
            rig,
          );
          expect(refused.message).toContain('somebody else made an object of that name, which is no hook');

          const gone = [...shop('4'), hooked(failing('goes-badly'), 'pre-upgrade', { policy: 'hook-failed' })];
          await failed(await rig.assign(gone), rig);
          await rig.live(jobAt(rig, 'goes-badly'), (live) => live === null, 30_000);

          const odd = await failed(await rig.assign([...shop('5'), hooked(job('odd'), 'pre-instal')]), rig);
          expect(odd.message).toContain('its helm.sh/hook is pre-instal, which is none');
        }),
      180_000,
    );

    it(
      'that are halted go on with the Job that runs, and are not run to take a release back',
      () =>
        withRig(async (rig) => {
          await rig.start();
          const hooks = [hooked(waiting('migrate'), 'pre-install'), hooked(waiting('announce'), 'post-install')];
          const bundle = [...shop(), ...hooks];
          const { generation } = await rig.assign(bundle);
          await rig.live(jobAt(rig, 'migrate'), (live) => live !== null, 60_000);
          const before = await uid(rig, 'migrate');
          await rig.assign(bundle, { generation, halted: true });
          await rig.hub.until(rig.application, ({ message = '' }) => message.startsWith('paused: '), 30_000);
          await resume(rig, 'migrate');
          await new Promise((resolve) => setTimeout(resolve, 500));
          expect(await rig.get(mapOf(rig, 'settings'))).toBeNull();
          await rig.assign(bundle, { generation });
          await rig.live(jobAt(rig, 'announce'), (live) => live !== null, 60_000);
          expect(await uid(rig, 'migrate')).toBe(before);
          await rig.assign(bundle, { generation, halted: true });
          await rig.hub.until(
            rig.application,
            ({ message = '' }) => /^paused: 2 of 2 .* post-install hook/.test(message),
            30_000,
          );
          await resume(rig, 'announce');
          await healthy(rig, await rig.assign(bundle, { generation }));

          const bad = await rig.assign([...shop('2'), hooked(failing('migrate'), 'pre-upgrade')]);
          await failed(bad, rig);
          // A rollback runs none, as with Helm: what was there before is there at once.
          const exempt = { digest: bad.digest, chunks: bad.chunks };
          await healthy(rig, await rig.assign([...shop('3'), hooked(failing('migrate'), 'pre-upgrade')], { exempt }));
          expect(mapAt((await rig.get(mapOf(rig, 'settings'))) ?? {}, 'data')).toEqual({ v: '3' });
        }),
      180_000,
    );

    it(
      'are run once each, wherever the agent is killed on its way',
      () =>
        withRig(async (rig) => {
          const hooks = [
            hooked(job('migrate'), 'pre-install,pre-upgrade'),
            hooked(job('announce'), 'post-install,post-upgrade', { policy: 'before-hook-creation,hook-succeeded' }),
          ];
          let boot = 0;
          const begin = async (kube: MortalKube): Promise<void> => {
            await rig.start({ kube });
            boot += 1;
          };
          const seen = new Set<string>();
          const failures: string[] = [];
          for (const point of crashes.flatMap((write) => [-write, write])) {
            const kube = new MortalKube(rig.kube);
            rig.kube.requests = [];
            await begin(kube);
            kube.dieAt(Math.abs(point), point < 0 ? 'before' : 'after');
            const assigned = await rig.assign([...shop(String(point)), ...hooks]);
            await Promise.race([kube.died, rig.healthy(assigned, 60_000)]);
            await rig.stop();
            seen.add(kube.diedOf);
            await begin(new MortalKube(rig.kube));
            await rig.hub.until(
              rig.application,
              (each) => each.generation === assigned.generation && each.phase === 'healthy' && each.boot >= boot,
              60_000,
            );
            await rig.stop();
            for (const named of ['migrate', 'announce']) {
              const made = kube.madeOf(rig.kube.requests, jobAt(rig, named));
              if (made > 1) failures.push(`${named} was made ${made} times after a crash ${point}: ${kube.diedOf}`);
            }
          }
          expect(failures).toEqual([]);
          expect(seen.size).toBeGreaterThanOrEqual(crashes.length);
          expect(rig.hub.reports.filter(({ phase }) => phase === 'failed')).toEqual([]);
        }),
      240_000,
    );
  });
}
