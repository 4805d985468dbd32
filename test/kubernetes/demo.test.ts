import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isSameProcessAlive, type ProcessIdentity } from '#kit';
import { nothingRunsIn, processesNaming } from '../helpers/hub-process.js';
import { eventually } from '../helpers/test-hub.js';

const START = path.resolve('deploy/demo/start.mjs');
/** A busy machine takes minutes for what an idle one does in half of one. */
const CASE_MS = 300_000;

interface Demo {
  readonly out: () => string;
  readonly error: () => string;
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

/** `npm run demo -- --kubernetes`, as it is run once everything is built. */
describe('the demo on Kubernetes', () => {
  let scratch: string;
  const running = new Set<Demo>();

  beforeAll(() => {
    if (!existsSync('dist/apps/simulator/src/demo/main.js') || !existsSync('dist/agent/flotilla-agent.mjs'))
      throw new Error('dist is missing: run the tests by `npm run test:kubernetes`, which builds first');
    // Others may enter: as root, the embedded PostgreSQL runs as somebody else.
    scratch = mkdtempSync(path.join(os.tmpdir(), 'flotilla-demo-'));
  });

  afterAll(() => {
    // Only where something failed.
    for (const demo of running) demo.kill('SIGKILL');
    for (const pid of processesNaming(scratch)) process.kill(pid, 'SIGKILL');
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });

  const start = (folder: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Demo => {
    const child = spawn(process.execPath, [START, '--kubernetes', ...args], {
      env: { ...env, FLOTILLA_DEMO_DATA: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let error = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
    const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
    const demo = { out: () => out, error: () => error, exited, kill };
    running.add(demo);
    exited.then(
      () => running.delete(demo),
      () => undefined,
    );
    return demo;
  };
  /** Whom the demo's clusters and agents noted down as their processes. */
  const noted = (folder: string): readonly ProcessIdentity[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /run\/[\w-]+\.pid$/.test(file))
      .map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as ProcessIdentity);

  it('runs three real clusters, ends with all of their processes, and goes on from there', async () => {
    const folder = path.join(scratch, 'data');
    const first = start(folder, []);
    await eventually(
      'it says what to try',
      async () => ({ out: first.out(), isOver: !running.has(first), error: first.error().slice(-3000) }),
      ({ out, isOver }) => {
        if (isOver) throw new Error(`it ended: ${first.error()}`);
        return out.includes('Ctrl-C stops everything');
      },
      CASE_MS,
    );
    const kubeconfigs = [...first.out().matchAll(/export KUBECONFIG=(\S+)/g)].map(([, file]) => file ?? '');
    const kubectl = /kubectl of their version: (\S+)/.exec(first.out())?.[1] ?? '';
    expect(kubeconfigs).toHaveLength(3);
    for (const [index, replicas] of [1, 2, 5].entries()) {
      const words = ['get', 'deployment/web', '-n', 'shop', '-o', 'jsonpath={.status.availableReplicas}'];
      const env = { KUBECONFIG: kubeconfigs[index], HOME: scratch };
      expect((await promisify(execFile)(kubectl, words, { env })).stdout).toBe(String(replicas));
    }
    // Five programs, an agent and two watchdogs for each of them.
    const processes = noted(path.join(folder, 'kubernetes'));
    expect(processes.filter(isSameProcessAlive)).toHaveLength(24);

    const second = start(folder, ['--once']);
    expect(await second.exited).toBe(1);
    expect(second.error()).toContain('FLOTILLA_DEMO_DATA');
    expect(processes.filter(isSameProcessAlive)).toHaveLength(24);

    first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    await eventually(
      'no process is left',
      async () => processes.filter(isSameProcessAlive),
      (alive) => alive.length === 0,
      10_000,
    );
    await nothingRunsIn(folder);

    const again = start(folder, ['--once']);
    expect({ code: await again.exited, said: again.error() }).toMatchObject({ code: 0 });
    const outcome = JSON.parse(again.out().trim().split('\n').at(-1) ?? '') as object;
    expect(outcome).toEqual({ clusters: 3, healthy: 3, rollout: 'succeeded', seconds: expect.any(Number) });
    // They are the same clusters as before.
    expect(again.error()).not.toContain('namespace/flotilla-system created');
    await nothingRunsIn(folder);
  }, 900_000);

  it('says in one sentence that it needs Go, where the programs are not there', async () => {
    const demo = start(path.join(scratch, 'without'), ['--once'], { PATH: '/nowhere', XDG_CACHE_HOME: scratch });
    expect(await demo.exited).toBe(1);
    expect(demo.error()).toMatch(/^Go 1\.26 or newer on PATH is needed [^\n]*, and there is none\.\n$/);
  }, 60_000);

  it('does not take over the data of a demo with other clusters', async () => {
    const folder = path.join(scratch, 'other');
    mkdirSync(path.join(folder, 'clusters'), { recursive: true });
    writeFileSync(path.join(folder, 'format.json'), '{"format":1}');
    const demo = start(folder, ['--once']);
    expect(await demo.exited).toBe(1);
    expect(demo.error()).toMatch(/holds a demo with simulated clusters: give FLOTILLA_DEMO_DATA another folder/);
  }, 60_000);
});
