import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RolloutView } from '#contract';
import { healthy, PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import { CommandLine, keepingContext } from '../helpers/run-flotilla.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';
import { runCli } from '../../apps/cli/src/run-cli.js';

const failing: Script = () => ({
  phase: 'failed',
  cause: 'health',
  message: 'Deployment web: \u001b[31mImagePullBackOff',
});

/** The command line as a person uses it, against a real hub. */
describe('flotilla', () => {
  let test: TestHub;
  let repository: TestRepository;
  const puppets: PuppetAgent[] = [];

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'dev/c.yaml': configMap('c', '0'), 'prod/c.yaml': configMap('c', '0') });
    puppets.push(await PuppetAgent.join(test.api, 'dev-1', { env: 'dev' }));
    puppets.push(await PuppetAgent.join(test.api, 'prod-1', { env: 'prod' }));
    mkdirSync(path.join(test.folder, 'objects'));
    writeFileSync(path.join(test.folder, 'objects/fleet.yaml'), fleetYaml());
  }, 60_000);

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  const line = new CommandLine(() => test.folder);
  const flotilla = line.run.bind(line);
  const fine = line.fine.bind(line);
  const wave = (env: string): string =>
    `    - {name: ${env}, selector: {matchLabels: {env: ${env}}}, healthyFor: 0s, progressDeadline: 30s}\n`;
  function fleetYaml(): string {
    return [
      `apiVersion: flotilla.dev/v1\nkind: Source\nmetadata: {name: shop}\nspec: {url: "${repository.folder}", interval: 1h}\n`,
      `apiVersion: flotilla.dev/v1\nkind: Strategy\nmetadata: {name: by-env}\nspec:\n  waves:\n${wave('dev')}${wave('prod')}`,
      'apiVersion: flotilla.dev/v1\nkind: Application\nmetadata: {name: web}\nspec: {source: shop, path: "{{ labels.env }}", strategy: by-env}\n',
    ].join('---\n');
  }
  async function release(script: Script, version: string): Promise<void> {
    for (const puppet of puppets) puppet.script = script;
    await repository.commit(`version ${version}`, {
      'dev/c.yaml': configMap('c', version),
      'prod/c.yaml': configMap('c', version),
    });
    expect(await fine('sync shop')).toMatch(
      /which is new\napplication\/web is at release \d+, rolled out by web-\d+\n/,
    );
  }

  it('shows by diff what apply would change, and changes nothing', async () => {
    const { out, code } = await flotilla('diff -f objects');
    expect(code).toBe(1);
    expect(out).toContain('--- /dev/null\n+++ source/shop\n');
    expect(out).toContain('+spec:\n');
    expect(await fine('apply -f objects --dry-run')).toMatch(/^source\/shop created \(dry run\)$/m);
    expect(await fine('get sources')).toMatch(/^No sources/);
  });

  it('applies a folder, and says unchanged the second time', async () => {
    expect(await fine('apply -f objects --reason begin')).toBe(
      'source/shop created\nstrategy/by-env created\napplication/web created\n',
    );
    expect(await fine('apply -f objects/fleet.yaml')).toBe(
      'source/shop unchanged\nstrategy/by-env unchanged\napplication/web unchanged\n',
    );
    expect(await flotilla('diff -f objects')).toEqual({ out: '', error: '', code: 0 });
    const changed = fleetYaml().replace('interval: 1h', 'interval: 2h');
    expect(await flotilla('diff -f -', { stdin: changed })).toMatchObject({
      code: 1,
      out: expect.stringContaining('-  interval: 1h\n+  interval: 2h\n'),
    });
  });

  it('follows the first rollout to its end', async () => {
    await rolloutSettled(test.api, 'web', 1);
    const { out, code } = await flotilla('rollout status web --watch --timeout 20s');
    expect(code).toBe(0);
    expect(out).toMatch(/web-1 wave prod done: 1 passed\nRollout web-1 of release 1 succeeded/);
    expect((await flotilla('rollout status web')).out).toMatch(
      /web-1: release 1 \([0-9a-f]{8}\) of web, succeeded .*, 2\/2 done/,
    );
  });

  it.each([
    'source shop',
    'application web',
    'strategy by-env',
    'strategy default',
    'cluster dev-1',
    'sources',
    'strategies',
    'applications',
    'clusters',
  ])('prints %s as YAML that applies again unchanged', async (what) => {
    const yaml = await fine(`get ${what} -o yaml`);
    const applied = await fine('apply -f -', { stdin: yaml });
    expect(applied).toMatch(/^(\w+\/[\w.-]+ unchanged\n)+$/);
    const json = await fine(`get ${what} -o json`);
    expect(await fine('apply -f -', { stdin: json })).toBe(applied);
  });

  it('lists every kind, by plural, singular and short word', async () => {
    expect(await fine('get app')).toMatch(
      /^NAME +HEALTHY +RELEASE .*\nweb +2\/2 +1 +[0-9a-f]{8} +web-1 succeeded +shop/,
    );
    expect(await fine('get clusters -l env=prod -o name')).toBe('cluster/prod-1\n');
    expect(await fine('get cluster prod-1 dev-1 -o name')).toBe('cluster/prod-1\ncluster/dev-1\n');
    expect(await fine('get clusters -o jsonpath={.items[*].metadata.name}')).toBe('dev-1 prod-1');
    expect(await fine('get cluster dev-1 -o jsonpath={.status.health}')).toBe('healthy');
    expect(await fine('get clusters --status ready')).toMatch(/dev-1 +ready +healthy +v1\.36\.3/);
    expect(await fine('get sources -o wide')).toMatch(/shop +ready +main +[0-9a-f]{8} +first/);
    expect(await fine('get strategies')).toMatch(/by-env +dev > prod +pause/);
    expect(await fine('get releases --application web')).toMatch(/web\/1 +[0-9a-f]{8} +first +/);
    expect(JSON.parse(await fine('get release web/1 -o json'))).toMatchObject({ application: 'web', release: 1 });
    expect(await fine('get rollouts --status succeeded -o name')).toBe('rollout/web-1\n');
    expect(await fine('get targets web')).toMatch(/dev-1 +dev +passed +1 +healthy/);
    expect(await fine('get tokens')).toMatch(/first-admin +admin +- +valid/);
    expect(await fine('get events --application web --limit 500')).toMatch(/web-1 .*\n/);
    expect(await fine('get rollout/web-1 -o name')).toBe('rollout/web-1\n');
  });

  it('describes each kind', async () => {
    expect(await fine('describe cluster dev-1')).toMatch(
      /Cluster: +dev-1\nWhy: .*\nStatus: +ready[^]*Applications\n +APPLICATION[^]*web/,
    );
    expect(await fine('describe application web')).toMatch(
      /Healthy: +2\/2[^]*Spec\n[^]* source: shop\n[^]*Releases[^]*Rollouts[^]*Events/,
    );
    expect(await fine('describe rollout web')).toMatch(/WAVE[^]*Started:[^]*Events/);
    expect(await fine('describe release web')).toMatch(/Release: +web\/1[^]*Overlays[^]*dev +[0-9a-f]{12}/);
    expect(await fine('describe source/shop')).toMatch(/Source: +shop\nURL: [^]*Applications[^]*web/);
  });

  it('names each bad field by file, document and path, and changes nothing', async () => {
    const text = fleetYaml()
      .replace('ref:', '')
      .replace('interval: 1h', 'intervall: 1h')
      .replace('strategy: by-env}', 'strategy: nope}');
    writeFileSync(path.join(test.folder, 'bad.yaml'), text);
    expect(await flotilla('apply -f bad.yaml')).toEqual({
      out: '',
      error:
        'The hub refused it, and nothing was changed:\n' +
        '  bad.yaml, document 1 (Source/shop): spec.intervall: unknown field: remove it, or mend its name\n',
      code: 1,
    });
    const reference = await flotilla('apply -f -', {
      stdin: fleetYaml().replace('strategy: by-env}', 'strategy: nope}'),
    });
    expect(reference.error).toMatch(
      /standard input, document 3 \(Application\/web\): spec\.strategy: Strategy "nope" does not exist/,
    );
  });

  it('refuses to delete what is in use, and says by whom', async () => {
    expect(await flotilla('delete source shop')).toMatchObject({
      code: 1,
      error: expect.stringContaining('Source "shop" is used by Application "web"'),
    });
    expect(await flotilla('delete source gone --ignore-not-found')).toEqual({ out: '', error: '', code: 0 });
  });

  it('registers a cluster by one line, whose token is shown this once', async () => {
    const out = await fine('cluster add lab --label env=dev,team=x --ttl 30m');
    const token = /fj_[A-Za-z0-9_-]{20,}/.exec(out)?.[0] ?? 'none';
    expect(out).toMatch(
      /cluster\/lab registered\. Run this where kubectl points at the cluster:\n\n {2}curl .* \| kubectl apply -f -\n/,
    );
    expect(out).toMatch(/good until 20.*Z \((30m|29m59s)\)/);
    for (const line of ['get cluster lab -o json', 'describe cluster lab', 'why cluster/lab', 'audit -o json']) {
      expect(await fine(line)).not.toContain(token);
    }
    expect(await fine('why lab')).toMatch(/waits for its agent to join\n[^]*You can\n {2}flotilla cluster token lab/);
    expect(await fine('cluster label lab env=prod team-')).toBe('cluster/lab labelled: env=prod\n');
    expect(await fine('cluster label lab env=prod')).toBe('cluster/lab unchanged: env=prod\n');
    const again = JSON.parse(await fine('cluster token lab -o json')) as { token: string };
    expect(again.token).not.toBe(token);
    expect(await flotilla('cluster remove lab')).toMatchObject({
      code: 1,
      error: expect.stringContaining('Give --yes'),
    });
    expect(await fine('cluster remove lab', { ask: async () => 'y' })).toMatch(/^cluster\/lab removed/);
  });

  it('keeps an agent to namespaces by one option, and refuses names that Kubernetes has not', async () => {
    const out = await fine('cluster add shared --namespaces shop,pay');
    expect(out).toMatch(/curl .*\?namespaces=pay,shop' \| kubectl apply -f -\n/);
    expect(out).toContain('The agent will have rights in pay, shop and nowhere else.');
    expect(await flotilla('cluster add odd --namespaces Shop')).toMatchObject({
      code: 1,
      error: expect.stringContaining('It must be lower-case letters'),
    });
    expect(await flotilla('cluster token shared --namespaces shop --cluster-wide')).toMatchObject({
      code: 1,
      error: expect.stringContaining('cannot be used with'),
    });
    expect(await fine('cluster token shared --namespaces shop')).toMatch(/\?namespaces=shop'/);
    expect(await fine('cluster remove shared --yes')).toMatch(/^cluster\/shared removed/);
  });

  it('gives each person a token of their own, and a viewer no more than reading', async () => {
    const { out, error, code } = await flotilla('token create anna --role viewer --email anna@example.com');
    expect({ code, error }).toEqual({ code: 0, error: expect.stringContaining('role viewer') });
    const viewer = { env: { FLOTILLA_DATA: 'data', FLOTILLA_TOKEN: out.trim() } };
    expect(await fine('whoami', viewer)).toMatch(/^token:anna with the role viewer at https:/);
    expect(await fine('get clusters -o name', viewer)).toContain('cluster/dev-1');
    const refused = await flotilla('pause web', viewer);
    expect(refused).toEqual({
      out: '',
      code: 1,
      error: 'This needs the role operator; the token "anna" has viewer.\n',
    });
    expect(await fine('token list')).toMatch(/anna +viewer +anna@example\.com +valid/);
    expect(await fine('token revoke anna')).toBe('token/anna revoked\n');
    await eventually(
      'the token is dead',
      () => flotilla('whoami', viewer),
      ({ code: ended }) => ended === 1,
    );
    expect(await flotilla('token revoke first-admin')).toMatchObject({
      code: 1,
      error: expect.stringContaining("last admin's"),
    });
    expect(await fine('audit')).toMatch(/token\.revoke +Token\/anna/);
  });

  it('makes sure that the audit is as it was written, of the hub and of a copy', async () => {
    const verified = await fine('audit verify');
    const head = /^audit whole: \d+ entries; note down its head: ([0-9a-f]{64})\n$/.exec(verified)?.[1] ?? '';
    expect(await fine(`audit verify --known ${head}`)).toBe(verified);
    const lines = (await fine('audit export')).trimEnd().split('\n');
    const copy = path.join(test.folder, 'audit.jsonl');
    const verifyCopy = (kept: readonly string[], words = '') => {
      writeFileSync(copy, `${kept.join('\n')}\n`);
      return flotilla(`audit verify -f ../${path.basename(test.folder)}/audit.jsonl ${words}`);
    };
    expect(await verifyCopy(lines)).toEqual({ out: verified, error: '', code: 0 });
    const isJoin = lines.findIndex((each) => each.includes('"cluster.add"'));
    const forged = lines.with(isJoin, lines[isJoin]?.replace('dev-1', 'dev-9') ?? '');
    expect(await verifyCopy(forged)).toMatchObject({
      code: 1,
      error: expect.stringContaining('is not what was written'),
    });
    expect(await verifyCopy(lines.toSpliced(1, 1))).toMatchObject({
      code: 1,
      error: expect.stringMatching(/entry \d+ does not follow entry \d+/),
    });
    expect(await verifyCopy(lines.slice(0, -1), `--known ${head}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining('removed from the end'),
    });
    expect(await verifyCopy(['{"id":1}'])).toMatchObject({
      code: 1,
      error: expect.stringContaining('line 1: not what'),
    });
    expect(await flotilla('audit verify --known abc')).toMatchObject({
      code: 1,
      error: expect.stringContaining('64 hexadecimal digits'),
    });
  });

  it('stops at a bad release, says why with its evidence, and ends a watch with 2', async () => {
    await release(failing, 'bad');
    const watched = await flotilla('rollout status web --watch --timeout 20s');
    expect(watched.code).toBe(2);
    expect(watched.out).toMatch(/web-2 wave dev .*1 failed/);
    const why = await fine('why web');
    expect(why).toMatch(
      /^Rollout web-2 of release 2 is paused: .*\n\nIt waits because\n {2}failures: [^]*You can\n[^]*flotilla rollout rollback web/,
    );
    expect(await fine('why dev-1')).toContain('ImagePullBackOff');
    expect(await fine('why dev-1/web')).toMatch(/^web on dev-1: failed[^]*ImagePullBackOff/);
    expect(await fine('why cluster dev-1/web')).toBe(await fine('why cluster/dev-1/web'));
    expect(await fine('why rollout/web-2')).not.toContain('\u001b');
    expect(await fine('describe rollout web')).toMatch(
      /Clusters that failed[^]*dev-1 +dev +failed [^]*ImagePullBackOff/,
    );
    expect(await fine('get targets web --status failed -o name')).toBe('cluster/dev-1\n');
    expect(await fine('fleet')).toMatch(/^2 clusters: 2 ready, 0 offline, .*\n\nAPPLICATION[^]*web .* web-2 paused/);
    expect(await flotilla('why nothing')).toMatchObject({
      code: 1,
      error: 'There is no application, rollout or cluster "nothing".\n',
    });
  });

  it('rolls back, lifts the bar by the line that why gave, and goes on', async () => {
    for (const puppet of puppets) puppet.script = healthy;
    expect(await fine('rollback web --reason "bad image"')).toMatch(
      /Follow it: flotilla rollout status web-3 --watch|succeeded/,
    );
    expect((await flotilla('rollout status web-3 --watch --timeout 20s')).code).toBe(0);
    expect((await flotilla('rollout status web-2')).code).toBe(1);
    expect(await fine('get releases')).toMatch(/web\/2 .* barred/);
    const lift = /flotilla (rollout lift .*)/.exec(await fine('why web'))?.[1];
    expect(await fine(`${lift} --reason "not its fault"`)).not.toBe('');
    expect(await fine('get releases')).not.toMatch(/barred +\d/);
  });

  it('pauses, resumes, skips and cancels, each with its answer', async () => {
    await release(() => null, 'slow');
    expect(await fine('pause web --reason lunch')).toMatch(/is paused: .*\n {2}user: [^]*Follow it/);
    expect((await flotilla('rollout status web')).code).toBe(2);
    expect(await fine('rollout resume web')).toMatch(/^- rollout web-4 resumed\nRollout web-4 .* runs: /);
    expect((await flotilla('rollout status web')).code).toBe(3);
    expect((await flotilla('rollout status web --watch --timeout 1s')).code).toBe(3);
    expect(await fine('skip web --cluster dev-1 --reason "being rebuilt"')).not.toBe('');
    expect(await fine('get targets web')).toMatch(/dev-1 +dev +skipped/);
    expect(await fine('cancel application/web')).toMatch(/cancelled/);
    expect((await flotilla('rollout status web --watch')).code).toBe(1);
    for (const puppet of puppets) puppet.script = healthy;
  });

  it('watches a list by events until it is interrupted', async () => {
    const controller = new AbortController();
    const { context, ran } = keepingContext({
      env: { FLOTILLA_DATA: 'data' },
      cwd: test.folder,
      signal: controller.signal,
    });
    const watching = runCli(['get', 'rollouts', '--watch'], context);
    await eventually(
      'the list',
      async () => ran().out,
      (out) => out.startsWith('ROLLOUT') && out.includes('web-4'),
    );
    await fine('rollout start web');
    const { id } = await test.api.get<RolloutView>('/api/v1/rollouts/web');
    await eventually(
      'the new rollout',
      async () => ran().out,
      (out) => out.includes(`${id} `),
    );
    controller.abort();
    await watching;
    expect(ran()).toMatchObject({ error: '', code: 0 });
    expect(ran().out.match(/^ROLLOUT/gm)).toHaveLength(1);
  });

  it('follows events without losing or repeating one', async () => {
    await rolloutSettled(test.api, 'web', 3);
    const controller = new AbortController();
    const { context, ran } = keepingContext({
      env: { FLOTILLA_DATA: 'data' },
      cwd: test.folder,
      signal: controller.signal,
    });
    const watching = runCli(['get', 'events', '--watch', '-o', 'json', '--limit', '5'], context);
    await eventually(
      'the first events',
      async () => ran().out,
      (out) => out.split('\n').length > 5,
    );
    await release(healthy, 'last');
    await rolloutSettled(test.api, 'web', 4);
    const all = JSON.parse(await fine('get events -o json --limit 500')) as { items: { id: number }[] };
    const last = all.items.at(-1)?.id ?? 0;
    await eventually(
      'the last event',
      async () => ran().out,
      (out) => out.includes(`{"id":${last},`),
    );
    controller.abort();
    await watching;
    const ids = ran()
      .out.trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: number }).id);
    expect(ids).toEqual(all.items.map(({ id }) => id).slice(-ids.length));
  });

  it('deletes what a file declares, users before what they use', async () => {
    expect(await fine('delete -f objects')).toBe(
      'application/web deleted\nstrategy/by-env deleted\nsource/shop deleted\n',
    );
    expect(await fine('get applications')).toMatch(/^No applications/);
  });
});
