import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HistoryLine, PlanView, ReceiptView, RehearsalAnswer, RolloutView } from '#contract';
import { healthy, PuppetAgent, type Script } from '../helpers/puppet-agent.js';
import { CommandLine } from '../helpers/run-flotilla.js';
import { eventually, rolloutSettled, startTestHub, type TestHub } from '../helpers/test-hub.js';
import { configMap, TestRepository } from '../helpers/test-repository.js';

const FLEET = (url: string): string => `apiVersion: flotilla.dev/v1
kind: Source
metadata: {name: shop}
spec: {url: "${url}", interval: 1h}
---
apiVersion: flotilla.dev/v1
kind: Strategy
metadata: {name: careful}
spec:
  waves:
    - {name: dev, selector: {matchLabels: {env: dev}}, maxConcurrency: 1, healthyFor: 0s, progressDeadline: 30s}
    - name: prod
      selector: {matchLabels: {env: prod}}
      healthyFor: 0s
      progressDeadline: 30s
      before:
        - approval: {approvers: 1}
---
apiVersion: flotilla.dev/v1
kind: Application
metadata: {name: web}
spec: {source: shop, path: "{{ labels.env }}", strategy: careful}
`;

/** Planning, steering and looking back at rollouts, as a person does it from the command line, against a real hub. */
describe('flotilla rollout', () => {
  let test: TestHub;
  let repository: TestRepository;
  const puppets: PuppetAgent[] = [];

  beforeAll(async () => {
    test = await startTestHub();
    repository = await TestRepository.create({ 'dev/c.yaml': configMap('c', '0'), 'prod/c.yaml': configMap('c', '0') });
    for (const [name, env] of [
      ['dev-1', 'dev'],
      ['dev-2', 'dev'],
      ['prod-1', 'prod'],
    ] as const) {
      puppets.push(await PuppetAgent.join(test.api, name, { env }));
    }
    mkdirSync(path.join(test.folder, 'objects'));
    writeFileSync(path.join(test.folder, 'objects/fleet.yaml'), FLEET(repository.folder));
  }, 60_000);

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.close()));
    await test?.stop();
    await repository?.remove();
  }, 30_000);

  const line = new CommandLine(() => test.folder);
  const flotilla = line.run.bind(line);
  const fine = line.fine.bind(line);
  const refused = line.refused.bind(line);

  async function release(script: Script, version: string): Promise<void> {
    for (const puppet of puppets) puppet.script = script;
    await repository.commit(`version ${version}`, {
      'dev/c.yaml': configMap('c', version),
      'prod/c.yaml': configMap('c', version),
    });
    await fine('sync shop');
  }
  function waits(wave: string, phase: string): Promise<RolloutView> {
    return eventually(
      `wave ${wave} is ${phase}`,
      () => test.api.get<RolloutView>('/api/v1/rollouts/web'),
      ({ waves }) => waves.find(({ name }) => name === wave)?.phase === phase,
    );
  }

  it('waits at an approval gate, says so, and goes on with a yes', async () => {
    await fine('apply -f objects');
    await waits('prod', 'gateBefore');
    expect(await fine('why web')).toMatch(/^Rollout web-1 of release 1 .*approv/);
    expect((await flotilla('rollout status web')).out).toMatch(/Wave prod, before, gate approval: .* \(waiting\)/);
    expect(await fine('approve web --dry-run')).toMatch(/^Dry run, nothing was done/);
    expect(await fine('approve web --reason "dev looks well"')).toMatch(/Follow it/);
    await rolloutSettled(test.api, 'web', 1);
    expect((await flotilla('rollout status web')).code).toBe(0);
    expect(await fine('audit')).toMatch(/rollout\.approve +Rollout\/web-1 +dev looks well/);
  });

  it('shows a plan, and starts that very plan or refuses', async () => {
    const text = await fine('rollout plan web');
    expect(text).toMatch(/^web: release 1 \([0-9a-f]{8}\) by strategy careful to 3 clusters\nPlan [0-9a-f]{64}\n/);
    expect(text).toMatch(/Wave prod\n {2}before: gate approval: [^]*prod-1/);
    const plan = JSON.parse(await fine('rollout plan web -o json')) as PlanView;
    expect(plan.waves.map(({ name, total }) => [name, total])).toEqual([
      ['dev', 2],
      ['prod', 1],
    ]);
    expect(await refused(`rollout start web --plan ${'0'.repeat(64)}`)).toMatch(/plan/);
    expect(await refused('rollout plan web --strategy nope')).toMatch(/Strategy "nope" does not exist/);
    expect(await refused('rollout plan web --release 9')).toMatch(/no release 9/);
    expect(await fine(`rollout start web --plan ${plan.digest} --dry-run`)).toMatch(/^Dry run/);
    expect((await test.api.get<RolloutView>('/api/v1/rollouts/web')).id).toBe('web-1');
  });

  it('does a command once under its key, whatever comes between', async () => {
    await release(() => null, 'slow');
    const first = await fine('pause web --reason lunch --idempotency-key lunch-1 -o json');
    await fine('resume web');
    expect(await fine('pause web --reason lunch --idempotency-key lunch-1 -o json')).toBe(first);
    expect((await test.api.get<RolloutView>('/api/v1/rollouts/web')).paused).toBe(false);
    expect(await refused('pause web --reason tea --idempotency-key lunch-1')).toMatch(/another request|used/);
  });

  it('pauses hard: agents are told to halt, and go on with resume', async () => {
    const halted = async (): Promise<(boolean | undefined)[]> =>
      Promise.all(puppets.slice(0, 2).map(async (puppet) => (await puppet.manifest())?.applications['web']?.halted));
    expect(await fine('pause web --hard --reason "stop it"')).toMatch(/user: /);
    await eventually('halted', halted, (each) => each.includes(true));
    await fine('resume web');
    await eventually('goes on', halted, (each) => !each.includes(true));
  });

  it('holds a cluster, and takes it in again', async () => {
    expect(await refused('cluster hold dev-1')).toMatch(/--reason/);
    await fine('cluster hold prod-1 --reason "incident 4711"');
    expect(await fine('get clusters')).toMatch(/prod-1 +ready,held/);
    expect(await fine('why cluster/prod-1')).toMatch(/incident 4711[^]*flotilla cluster unhold prod-1/);
    await fine('cluster unhold prod-1');
    expect(await fine('get clusters')).not.toMatch(/held/);
  });

  it('gives a wave up with a reason', async () => {
    expect(await refused('skip web --reason x')).toMatch(/--cluster NAME .* or --wave NAME/);
    expect(await refused('skip web --wave nope --reason x')).toMatch(/nope/);
    await fine('skip web --wave dev --reason "dev is being rebuilt"');
    await waits('prod', 'gateBefore');
    expect(await refused('reject web')).toMatch(/--reason/);
    await fine('reject web --reason "nothing tested it"');
    expect((await flotilla('rollout status web')).code).toBe(2);
    expect(await fine('why web')).toMatch(/nothing tested it/);
  });

  it('freezes the fleet but lets a rollback through, with a receipt', async () => {
    for (const puppet of puppets) puppet.script = healthy;
    await fine('freeze --reason "Black Friday" --until 2h');
    expect(await fine('fleet')).toMatch(/^Frozen by token:first-admin until .*: Black Friday\n/);
    await fine('rollback web --reason "never mind"');
    const { id } = await rolloutSettled(test.api, 'web', 2);
    expect(await fine(`rollout receipt ${id}`)).toMatch(/^web-3 takes release 2 of web back, /);
    const receipt = JSON.parse(await fine('rollout receipt web -o json')) as ReceiptView;
    expect(receipt.couldNot).toEqual([]);
    await fine('unfreeze --reason "sale is over"');
    expect(await fine('fleet')).not.toMatch(/Frozen/);
  });

  it('tells the history, as it was at any moment, and proves it', async () => {
    expect(await fine('rollout history web-1')).toMatch(/started [^]*approve/);
    const lines = (await fine('rollout history web-1 -o jsonl')).trim().split('\n');
    const history = lines.map((line) => JSON.parse(line) as HistoryLine);
    expect(history.map(({ seq }) => seq)).toEqual([...history.map(({ seq }) => seq)].sort((a, b) => a - b));
    const approved = history.find(({ actor, event }) => actor === 'token:first-admin' && /approve/.test(event));
    expect(approved).toMatchObject({ rollout: 'web-1', reason: 'dev looks well' });
    const before = new Date(Date.parse(approved?.at ?? '') - 1).toISOString();
    expect((await flotilla(`rollout status web-1 --at ${before}`)).out).toMatch(/web-1: .* running/);
    for (const id of ['web-1', 'web-2', 'web-3']) {
      expect(await fine(`rollout replay ${id}`)).toMatch(/steps taken again give the stored state, byte for byte\n$/);
    }
  });

  it('rehearses: equal seeds, equal answers; more failures, earlier halts', async () => {
    const rehearse = async (line: string): Promise<RehearsalAnswer> =>
      JSON.parse(
        await fine(`rollout rehearse web --release 2 --runs 50 --ready 1s ${line} -o json`),
      ) as RehearsalAnswer;
    expect(await refused('rollout rehearse web --release 2')).toMatch(
      /release 2 was rolled back and is barred: lift it first/,
    );
    await fine('lift web 2 --reason "for the rehearsal"');
    const { tookMs: _1, ...one } = await rehearse('--seed 7');
    const { tookMs: _2, ...two } = await rehearse('--seed 7');
    expect(two).toEqual(one);
    expect(one.outcomes).toMatchObject({ succeeded: 50 });
    const bad = await rehearse('--seed 7 --failures 100%');
    expect(bad.outcomes['succeeded'] ?? 0).toBe(0);
    expect(bad.exposed?.max).toBeLessThanOrEqual(1);
    expect(await fine('rollout rehearse web --release 2 --runs 5 --seed 1')).toMatch(
      /^web: release 2 to 3 clusters, 5 runs/,
    );
    expect(await refused('rollout rehearse web --failures 120%')).toMatch(/share such as 5%/);
  });

  it('takes several applications back at once, after asking', async () => {
    const asked: string[] = [];
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return 'n';
    };
    const { code, error } = await flotilla('rollback --all --reason "bad base image"', { ask });
    expect({ code, error }).toEqual({ code: 1, error: 'Nothing was changed.\n' });
    expect(asked).toEqual([expect.stringContaining('every application whose rollout runs')]);
    expect(await fine('rollback --all --reason "bad base image" --yes')).toMatch(/^Nothing to take back/);
    expect(await refused('rollback')).toMatch(/Name rollouts or applications/);
  });
});
