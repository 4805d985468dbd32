import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuditView, ClusterView, GrantAnswer, GrantView, Problem, TokenView } from '#contract';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, startTestHub, type TestHub } from '../helpers/test-hub.js';

/** Tokens that are kept to some clusters and applications, and grants: by the command line and by the API of a real hub. */
describe('bounds', () => {
  let test: TestHub;

  beforeAll(async () => {
    test = await startTestHub();
    for (const [name, env] of Object.entries({ 'dev-1': 'dev', 'prod-1': 'prod' })) {
      await test.api.post('/api/v1/clusters', { name, labels: { env } });
    }
  }, 60_000);
  afterAll(() => test?.stop(), 30_000);

  const line = new CommandLine(() => test.folder);
  const fine = line.fine.bind(line);
  async function create(words: string): Promise<{ env: NodeJS.ProcessEnv; error: string }> {
    const { out, error, code } = await line.run(`token create ${words}`);
    expect({ code, error: code === 0 ? '' : error }).toEqual({ code: 0, error: '' });
    return { env: { FLOTILLA_DATA: 'data', FLOTILLA_TOKEN: out.trim() }, error };
  }
  const ask = async <T>(method: string, route: string, body?: object): Promise<T & { status: number }> => {
    const { status, text } = await test.api.raw(method, route, body && JSON.stringify(body));
    return { ...(text === '' ? ({} as T) : (JSON.parse(text) as T)), status };
  };
  const audited = async (object: string): Promise<AuditView[]> => {
    const { items } = await ask<{ items: AuditView[] }>('GET', '/api/v1/audit?order=oldest&limit=1000');
    return items.filter((each) => each.object === object);
  };

  describe('of a token', () => {
    it('are told when it is made, in lists, and to who holds it', async () => {
      const { env, error } = await create('ci --role operator --clusters env=dev --applications web,web-*');
      expect(error).toContain('with the role operator on clusters env=dev, for applications web,web-*, good until');
      expect(await fine('whoami', { env })).toMatch(
        /^token:ci with the role operator on clusters env=dev, for applications web,web-\* at https:/,
      );
      expect(await fine('token list')).toMatch(/^ci +operator +- +valid .* env=dev +web,web-\*/m);
      expect(await fine('token list')).toMatch(/^first-admin +admin .* all +all/m);
      expect(await fine('get clusters -o name', { env })).toBe('cluster/dev-1\n');
      expect(await line.run('describe cluster prod-1', { env })).toMatchObject({ code: 1 });
      expect((await audited('Token/ci'))[0]?.detail).toEqual({
        role: 'operator',
        scope: {
          clusters: { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev'] }] },
          applications: ['web', 'web-*'],
        },
      });
    });

    it('are absent where it has none, or names everything', async () => {
      const made = await ask<{ view: TokenView }>('POST', '/api/v1/tokens', { name: 'plain', role: 'viewer' });
      expect(made.view).not.toHaveProperty('scope');
      const scope = { applications: ['*'] };
      const star = await ask<{ view: TokenView }>('POST', '/api/v1/tokens', { name: 'star', role: 'viewer', scope });
      expect(star.view).not.toHaveProperty('scope');
    });

    it('follow a label as it changes', async () => {
      const { env } = await create('labelled --role viewer --clusters "env in (test)"');
      expect(await fine('get clusters -o name', { env })).toBe('');
      await test.api.patch('/api/v1/clusters/prod-1', { labels: { env: 'test' } });
      expect(await fine('get clusters -o name', { env })).toBe('cluster/prod-1\n');
      await test.api.patch('/api/v1/clusters/prod-1', { labels: { env: 'prod' } });
    });

    it.each([
      ['an empty selector', { clusters: {} }, 'scope.clusters', /must ask for something/],
      ['no application', { applications: [] }, 'scope.applications', /must name one/],
      ['a name that none has', { applications: ['a b'] }, 'scope.applications[0]', /must be a name/],
      ['an operator that is none', { clusters: { matchExpressions: [{ key: 'a', operator: 'Like' }] } }, /op/, /In/],
      ['what no database holds', { clusters: { matchLabels: { env: '\u0000' } } }, /^scope.clusters/, /U\+0000/],
    ])('are refused with %s', async (_what, scope, path, message) => {
      const body = { name: 'never', role: 'viewer', scope };
      const refused = await ask<Problem>('POST', '/api/v1/tokens', body);
      expect(refused).toMatchObject({
        status: 400,
        errors: [{ path: typeof path === 'string' ? path : expect.stringMatching(path) }],
      });
      expect(refused.errors?.[0]?.message).toMatch(message);
      const grant = { subject: { kind: 'user', value: 'ann' }, role: 'viewer', scope };
      expect((await ask<Problem>('PUT', '/api/v1/grants/never', grant)).status).toBe(400);
    });

    it('make an admin nobody to rely on', async () => {
      await create('team-admin --role admin --clusters env=dev');
      expect(await line.refused('token revoke first-admin')).toContain('the last admin');
      const { env } = await create('second --role admin');
      expect(await fine('token revoke second', { env })).toBe('token/second revoked\n');
    });

    it('keep an admin from tokens, grants and the audit, which are everywhere', async () => {
      const { env } = await create('dev-admin --role admin --clusters env=dev');
      for (const words of [
        'token create mine --role admin',
        'token create mine --role viewer --clusters env=dev',
        'token list',
        'token revoke ci',
        'grant set mine --user ann --role viewer --clusters env=dev',
        'grant list',
        'audit',
      ]) {
        const { code, error, out } = await line.run(words, { env });
        expect({ words, code, out }).toEqual({ words, code: 1, out: '' });
        expect(error).toMatch(/bounds|everything|everywhere|scope/i);
      }
    });
  });

  describe('of a grant', () => {
    const audits = async (): Promise<[string, unknown, string | undefined][]> =>
      (await audited('Grant/shop')).map(({ act, detail, reason }) => [act, detail, reason]);

    it('are set, changed, listed and taken back, each recorded with what was before', async () => {
      const set = 'grant set shop --group Shop --role operator';
      expect(await fine(`${set} --clusters env=dev --reason "ticket 7"`)).toBe(
        'grant/shop created: group Shop is operator on clusters env=dev\n',
      );
      expect(await fine(`${set} --clusters env=dev`)).toBe(
        'grant/shop unchanged: group Shop is operator on clusters env=dev\n',
      );
      expect(await fine(`${set} --applications shop-*`)).toBe(
        'grant/shop changed: group Shop is operator for applications shop-*\n',
      );
      expect(await fine('grant list')).toMatch(/^shop +group:Shop +operator +all +shop-\*/m);
      expect(await fine('get grants -o name')).toBe('grant/shop\n');
      expect(await fine('grant delete shop')).toBe('grant/shop deleted\n');
      expect(await line.refused('grant delete shop')).toBe('Grant "shop" does not exist.\n');
      expect(await fine('grant list')).toMatch(/^No grants/);
      const terms = (clusters: unknown, applications: unknown): object => ({
        ...{ role: 'operator', scope: { clusters, applications }, subject: { kind: 'group', value: 'Shop' } },
      });
      const dev = { matchExpressions: [{ key: 'env', operator: 'In', values: ['dev'] }] };
      expect(await audits()).toEqual([
        ['grant.set', { before: null, after: terms(dev, null) }, 'ticket 7'],
        ['grant.set', { before: terms(dev, null), after: terms(null, ['shop-*']) }, undefined],
        ['grant.delete', { before: terms(null, ['shop-*']) }, undefined],
      ]);
    });

    it('are of one person by an address in any case', async () => {
      const body = { subject: { kind: 'user', value: 'Ann@Example.com' }, role: 'approver' };
      const { grant, result } = await ask<GrantAnswer>('PUT', '/api/v1/grants/ann', body);
      expect({ result, subject: grant.subject }).toEqual({
        ...{ result: 'created', subject: { kind: 'user', value: 'ann@example.com' } },
      });
      expect(await ask<GrantView>('GET', '/api/v1/grants/ann')).toMatchObject({ status: 200, role: 'approver' });
      expect((await ask<Problem>('GET', '/api/v1/grants/bob')).status).toBe(404);
      const wrong = { subject: { kind: 'robot', value: 'x' }, role: 'root' };
      const refused = await ask<Problem>('PUT', '/api/v1/grants/ann', wrong);
      expect(refused.errors?.map(({ path }) => path).sort()).toEqual(['role', 'subject.kind']);
    });
  });

  it('leave every cluster to who has none', async () => {
    const { items } = await eventually(
      'both are there',
      () => ask<{ items: ClusterView[] }>('GET', '/api/v1/clusters'),
      (page) => page.items.length === 2,
    );
    expect(items.map(({ name }) => name)).toEqual(['dev-1', 'prod-1']);
  });
});
