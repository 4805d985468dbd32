import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bundleDiffSchema,
  rehearsalAnswerSchema,
  UNSAVED_STRATEGY,
  type AuditView,
  type BundleDiff,
  type ClusterView,
  type CreateTokenAnswer,
  type EventView,
  type PlanView,
  type RehearsalAnswer,
  type Why,
} from '#contract';
import { CommandFleet, refused } from '../helpers/command-fleet.js';
import { CommandLine } from '../helpers/run-flotilla.js';
import type { ApiProblem } from '../helpers/test-api.js';
import { eventually } from '../helpers/test-hub.js';
import { configMap } from '../helpers/test-repository.js';

const WITHIN_MS = 60_000;

const secret = (password: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: ${password}, user: ann-the-admin}\n`;

/** What people look at before and after they act, asked of a real hub. */
describe('what a hub tells', () => {
  let fleet: CommandFleet;
  const line = new CommandLine(() => fleet.hub.folder);
  const sites = ['a-1', 'a-2', 'b-1', 'c-1'];

  beforeAll(async () => {
    const labels = (name: string) => ({ site: name.slice(0, 1), env: name === 'c-1' ? 'prod' : 'dev' });
    fleet = await CommandFleet.start(Object.fromEntries(sites.map((name) => [name, labels(name)])));
    const files = (image: string, password: string, old: boolean) =>
      Object.fromEntries(
        ['a', 'b', 'c'].flatMap((site) => [
          [`shop/${site}/site.yaml`, configMap(`site-${site}`, 'same')],
          [`shop/${site}/image.yaml`, configMap('image', site === 'c' ? 'pinned' : image)],
          [`shop/${site}/db.yaml`, site === 'b' ? configMap('none', 'x') : secret(password)],
          [`shop/${site}/old.yaml`, site === 'a' && old ? configMap('old', 'x') : null],
        ]),
      ) as Record<string, string | null>;
    await fleet.repository.commit('first', files('one', 'open-sesame', true));
    await fleet.api.post('/api/v1/sources/shop/sync');
    await fleet.apply('Strategy', 'all', { waves: [{ name: 'all', maxConcurrency: '100%', healthyFor: '0s' }] });
    await fleet.apply('Application', 'shop', { source: 'shop', path: 'shop/{{ labels.site }}', strategy: 'all' });
    await fleet.ended('shop');
    await fleet.repository.commit('second', files('two', 'close-sesame', false));
    await fleet.api.post('/api/v1/sources/shop/sync');
    await fleet.when('shop', 2, ({ state }) => state !== 'running');
  }, WITHIN_MS);

  afterAll(() => fleet?.close(), WITHIN_MS);

  const diff = (query: string): Promise<BundleDiff> => fleet.api.get(`/api/v1/applications/shop/diff?${query}`);

  describe('of why an application is, or is not, on a cluster', () => {
    const why = (of: string): Promise<Why> => fleet.api.get(`/api/v1/why/${of}`);

    it('is its sentence there, and no other application’s', async () => {
      expect(await why('clusters/a-1/applications/shop')).toMatchObject({
        ...{ kind: 'cluster', name: 'a-1/shop', sentence: 'shop on a-1: passed release 2', holds: [] },
        evidence: expect.arrayContaining([expect.stringMatching(/^Assigned: release 2/)]) as unknown as string[],
      });
      await expect(why('clusters/a-1/applications/nothing')).rejects.toMatchObject(refused(404, 'not-found'));
      await expect(why('clusters/nowhere/applications/shop')).rejects.toMatchObject(refused(404, 'not-found'));
    });

    it('is what keeps it away where it is not there', async () => {
      const spec = { source: 'shop', path: 'shop/a', strategy: 'all' };
      const placement = { selector: { matchLabels: { env: 'prod' } } };
      await fleet.apply('Application', 'elsewhere', { ...spec, placement });
      await fleet.ended('elsewhere');
      expect((await why('clusters/a-1/applications/elsewhere')).sentence).toBe(
        "elsewhere is not placed on a-1: the cluster's labels and facts do not match spec.placement.selector",
      );
      await fleet.apply('Application', 'narrow', { ...spec, path: 'shop/{{ labels.zone }}' });
      const held = await eventually(
        'it says what is in the way',
        () => why('applications/narrow'),
        ({ holds }) => holds.length > 0,
        WITHIN_MS,
      );
      // Of what keeps it from rendering alone: nothing else is waited for.
      expect(held.evidence[0]).toBe('No release has been made yet');
      expect(JSON.stringify(held)).not.toContain('still awaited');
      expect(held.can).toEqual(['flotilla describe application narrow']);
      const there = await why('clusters/a-1/applications/narrow');
      expect(there.sentence).toBe(`narrow has not been assigned to a-1: ${held.sentence}`);
      for (const name of ['elsewhere', 'narrow']) await fleet.api.delete(`/api/v1/applications/${name}`);
    });
  });

  describe('of what differs between two releases', () => {
    it(
      'is each change once, the one that most clusters have first, by whom it has',
      async () => {
        const answer = bundleDiffSchema.parse(await diff('from=1&to=2'));
        expect(answer).toMatchObject({ application: 'shop', from: 1, to: 2, same: 0, more: 0 });
        const told = answer.groups.map(({ overlays, clusters, names, pairs, unchanged, more, objects }) => ({
          ...{ overlays, clusters, names, pairs, unchanged, more },
          objects: objects.map(({ change, object }) => `${change} ${object}`),
        }));
        expect(told).toEqual([
          {
            ...{ overlays: ['shop/a'], clusters: 2, names: ['a-1', 'a-2'], pairs: 1, unchanged: 1, more: 0 },
            objects: ['removed ConfigMap old', 'changed ConfigMap image', 'changed Secret db'],
          },
          {
            ...{ overlays: ['shop/b'], clusters: 1, names: ['b-1'], pairs: 1, unchanged: 2, more: 0 },
            objects: ['changed ConfigMap image'],
          },
          {
            ...{ overlays: ['shop/c'], clusters: 1, names: ['c-1'], pairs: 1, unchanged: 2, more: 0 },
            objects: ['changed Secret db'],
          },
        ]);
        expect(answer.groups[1]?.objects[0]?.diff).toMatch(/^@@ .*\n(?: .*\n)*-.*one\n\+.*two\n/);
      },
      WITHIN_MS,
    );

    it('never shows a value of a Secret, and the same marks each time', async () => {
      const [one, other] = [await diff('from=1&to=2'), await diff('from=2&to=1')];
      for (const value of ['open-sesame', 'close-sesame', 'ann-the-admin']) {
        const base64 = Buffer.from(value).toString('base64');
        expect(JSON.stringify([one, other])).not.toContain(value);
        expect(JSON.stringify([one, other])).not.toContain(base64);
      }
      const marks = (of: BundleDiff, sign: string): string[] =>
        of.groups.flatMap(({ objects }) =>
          objects.flatMap(({ diff: text }) =>
            [...text.matchAll(/^([-+]) *password: (\(hidden [0-9a-f]{8}\))$/gm)]
              .filter(([, each]) => each === sign)
              .map(([, , mark]) => mark ?? ''),
          ),
        );
      expect(new Set(marks(one, '-')).size).toBe(1);
      expect(marks(other, '+')).toEqual(marks(one, '-'));
      expect(marks(one, '+')).not.toEqual(marks(one, '-'));
    });

    it('is nothing where nothing differs', async () => {
      expect(await diff('from=2&to=2')).toEqual({
        ...{ application: 'shop', from: 2, to: 2, groups: [], same: 3, more: 0 },
      });
    });

    it(
      'is told of two bundles by their digests, of this application alone',
      async () => {
        const { groups } = await diff('from=1&to=2');
        const [first] = groups;
        const one = await diff(`fromDigest=${first?.from}&toDigest=${first?.to}`);
        expect(one).toEqual({ application: 'shop', groups: [first], same: 0, more: 0 });
        await fleet.application('other', [{ name: 'all' }]);
        const of = (digest: string) =>
          fleet.api.get(`/api/v1/applications/other/diff?fromDigest=${digest}&toDigest=${digest}`);
        await expect(of(first?.from ?? '')).rejects.toMatchObject(refused(404, 'not-found'));
        await expect(of('0'.repeat(64))).rejects.toMatchObject(refused(404, 'not-found'));
      },
      WITHIN_MS,
    );

    it('is refused in words that help', async () => {
      await expect(diff('from=1')).rejects.toMatchObject(refused(400, 'invalid'));
      await expect(diff('from=1&to=9')).rejects.toThrow(/has no release 9: .*get releases/);
      await expect(fleet.api.get('/api/v1/applications/nope/diff?from=1&to=2')).rejects.toMatchObject(
        refused(404, 'not-found'),
      );
    });

    it('is told on the command line with its end as a diff has it', async () => {
      const { out, code } = await line.run('diff shop --from 1');
      expect(code).toBe(1);
      expect(out).toMatch(
        /^# shop\/a: 2 clusters \(a-1, a-2\), 3 objects differ, 1 the same\n--- release-1\/ConfigMap\/old\n/,
      );
      expect(out).toContain('+++ release-2/Secret/db\n');
      expect(await line.run('diff shop --from 2 --to 2')).toEqual({ out: '', error: '', code: 0 });
      expect(
        bundleDiffSchema.parse(JSON.parse((await line.run('diff shop --from 1 --to 2 -o json')).out)).groups,
      ).toHaveLength(3);
      expect((await line.run('diff a-1/shop --from 1')).error).toMatch(/flotilla diff APPLICATION --from RELEASE/);
      expect((await line.run('diff shop --to 1')).error).toMatch(/flotilla diff APPLICATION --from RELEASE/);
    });
  });

  describe('of a strategy that nobody has saved', () => {
    const strategy = {
      waves: [
        { name: 'dev', selector: { matchLabels: { env: 'dev' } } },
        { name: 'rest', soak: '1h' },
      ],
    };
    const route = '/api/v1/applications/shop';

    it('is the plan that it would give, and nothing is kept of it', async () => {
      const plan = await fleet.api.post<PlanView>(`${route}/plan`, { release: 1, strategy });
      expect(plan).toMatchObject({ release: 1, strategy: UNSAVED_STRATEGY, total: 4 });
      expect(plan.waves.map(({ name, total, soak }) => [name, total, soak])).toEqual([
        ['dev', 3, '0s'],
        ['rest', 1, '1h'],
      ]);
      const names = (await fleet.api.get<{ items: { metadata: { name: string } }[] }>('/api/v1/strategies')).items;
      expect(names.map(({ metadata }) => metadata.name)).toEqual(['default', 'all', 'other']);
      const saved = await fleet.api.post<PlanView>(`${route}/plan`, { strategy: 'all' });
      expect(saved).toEqual(await fleet.api.get<PlanView>(`${route}/plan?strategy=all`));
    });

    it('is what a rehearsal takes', async () => {
      const body = { runs: 40, seed: 1, failureRate: 0.1, release: 1, strategy };
      const answer = rehearsalAnswerSchema.parse(await fleet.api.post<RehearsalAnswer>(`${route}/rehearsals`, body));
      expect(answer.waves.map(({ name }) => name)).toEqual(['dev', 'rest']);
      expect(answer.histogram.reduce((sum, { runs }) => sum + runs, 0)).toBe(40);
      expect(answer.histogram[0]?.fromMs).toBeLessThanOrEqual(answer.durationMs.min);
      expect(answer.histogram.at(-1)?.toMs).toBeGreaterThan(answer.durationMs.max);
      const outcomes: Record<string, number> = {};
      for (const bin of answer.histogram)
        for (const [outcome, runs] of Object.entries(bin.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + runs;
      expect(outcomes).toEqual(answer.outcomes);
    });

    it.each(['plan', 'rehearsals'])('is refused field by field: %s', async (what) => {
      const bad = { waves: [{ name: 'dev', take: 0, soka: '5m' }, { name: 'Dev' }], onFailure: 'explode' };
      const error = (await fleet.api
        .post(`${route}/${what}`, { strategy: bad })
        .catch((each: unknown) => each)) as ApiProblem;
      expect(error.problem).toMatchObject({ status: 400, code: 'invalid' });
      expect(error.problem.errors?.map(({ path: field }) => field).sort()).toEqual([
        'strategy.onFailure',
        'strategy.waves[0].soka',
        'strategy.waves[0].take',
        'strategy.waves[1].name',
      ]);
      await expect(fleet.api.post(`${route}/${what}`, { strategy: 'nope' })).rejects.toThrow(
        /Strategy "nope" does not exist/,
      );
    });

    it('is read from a file on the command line', async () => {
      const write = (name: string, text: string) => writeFileSync(path.join(fleet.hub.folder, name), text);
      write('new.yaml', 'kind: Strategy\nspec:\n  waves: [{name: one, take: 1}, {name: rest}]\n');
      const text = await line.fine('rollout plan shop --release 1 --strategy-file new.yaml');
      expect(text).toMatch(/by strategy \(not saved\) to 4 clusters[^]*Wave one[^]*Wave rest/);
      expect(await line.fine('rollout rehearse shop --release 1 --strategy-file new.yaml --runs 5')).toMatch(/one +1 /);
      write('bad.yaml', 'waves: [{name: one, take: 0}]\n');
      expect(await line.refused('rollout plan shop --strategy-file bad.yaml')).toMatch(/strategy\.waves\[0\]\.take/);
      write('two.yaml', 'waves: []\n---\nwaves: []\n');
      expect(await line.refused('rollout plan shop --strategy-file two.yaml')).toMatch(/must hold one document/);
      expect(await line.refused('rollout plan shop --strategy all --strategy-file new.yaml')).toMatch(
        /cannot be used with/,
      );
    });
  });

  describe('of what people did', () => {
    let ann: CreateTokenAnswer;
    let between = '';
    beforeAll(async () => {
      ann = await fleet.api.post<CreateTokenAnswer>('/api/v1/tokens', { name: 'ann', role: 'admin' });
      fleet.act(/./, () => null);
      await fleet.repository.commit('third', { 'shop/b/site.yaml': configMap('site-b', 'third') });
      await fleet.api.post('/api/v1/sources/shop/sync');
      await fleet.when('shop', 3, () => true);
      between = new Date().toISOString();
      const api = fleet.api.as(ann.token);
      await fleet.command('shop', 'pause', { reason: 'lunch' }, { api });
      await fleet.command('shop', 'resume', {}, { api });
      api.close();
      fleet.allHealthy();
    }, WITHIN_MS);

    const audit = async (query: string): Promise<string[]> =>
      (await fleet.api.get<{ items: AuditView[] }>(`/api/v1/audit?${query}`)).items.map(
        ({ actor, act, object }) => `${actor} ${act} ${object}`,
      );

    it('is found by who, what, on what and when', async () => {
      const [resumed, paused] = ['token:ann rollout.resume Rollout/shop-3', 'token:ann rollout.pause Rollout/shop-3'];
      expect(await audit('actor=token:ann')).toEqual([resumed, paused]);
      expect(await audit('actor=token:ann&act=rollout.p')).toEqual([paused]);
      expect(await audit('object=Rollout/shop&order=oldest')).toEqual([paused, resumed]);
      expect(await audit(`from=${between}`)).toEqual([resumed, paused]);
      expect(await audit(`to=${between}&object=Token/ann`)).toEqual(['token:first-admin token.create Token/ann']);
      expect(await audit(`to=${between}&object=Rollout/`)).toEqual([]);
      await expect(audit('from=yesterday')).rejects.toMatchObject(refused(400, 'invalid'));
      await expect(audit(`actor=${'x'.repeat(201)}`)).rejects.toMatchObject(refused(400, 'invalid'));
      expect(await line.fine('audit --actor token:ann --act rollout.pause')).toMatch(
        /^AT.*\n.*token:ann +rollout\.pause +Rollout\/shop-3 +lunch *\n$/,
      );
      expect(await line.fine('audit --object Rollout/shop --until 2020-01-01T00:00:00Z')).toBe('Nothing was done.\n');
    });

    it('is found among the events too', async () => {
      const events = async (query: string): Promise<EventView[]> =>
        (await fleet.api.get<{ items: EventView[] }>(`/api/v1/events?${query}`)).items;
      const own = await events('actor=token:ann');
      expect(own.length).toBeGreaterThanOrEqual(2);
      expect(new Set(own.map(({ actor }) => actor))).toEqual(new Set(['token:ann']));
      expect(await events('actor=token:ann&application=other')).toEqual([]);
      expect(await events(`actor=token:ann&until=${between}`)).toEqual([]);
      const since = await events(`since=${between}&limit=1000`);
      expect(since.every(({ at }) => at >= between)).toBe(true);
      expect((await events(`until=${between}&limit=1000`)).every(({ at }) => at < between)).toBe(true);
      expect(since.map(({ id }) => id)).toEqual(expect.arrayContaining(own.map(({ id }) => id)));
      expect(await line.fine('get events --actor token:ann --since 1h')).toMatch(/lunch/);
      expect(await line.refused('get clusters --actor token:ann')).toMatch(/--actor does not go with clusters/);
    });
  });

  it('of a cluster is how old the credential of its agent is', async () => {
    const { credential } = await fleet.api.get<ClusterView>('/api/v1/clusters/a-1');
    const [issued, expires] = [Date.parse(credential?.issuedAt ?? ''), Date.parse(credential?.expiresAt ?? '')];
    expect(Math.abs(Date.now() - issued)).toBeLessThan(120_000);
    expect(expires).toBeGreaterThan(Date.now());
    expect(await line.fine('describe cluster a-1')).toMatch(/Credential: +given .* ago, good until /);
    const listed = await fleet.api.get<{ items: ClusterView[] }>('/api/v1/clusters');
    expect(listed.items.some((each) => each.credential)).toBe(false);
    const puppet = fleet.puppets.get('a-1');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await puppet?.bus.renewCredential();
    const renewed = await fleet.api.get<ClusterView>('/api/v1/clusters/a-1');
    expect(Date.parse(renewed.credential?.issuedAt ?? '')).toBeGreaterThan(issued);
  });
});
