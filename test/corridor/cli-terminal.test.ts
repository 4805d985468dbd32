import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandFleet } from '../helpers/command-fleet.js';
import { atTerminal, inPipe, PackedCli, requirePseudoTerminal, type Running } from '../helpers/pseudo-terminal.js';
import { healthy } from '../helpers/puppet-agent.js';

const ESCAPE = '\u001b';
const CTRL_C = '\u0003';

/** The command line as a process of its own, at a terminal and in a pipe, against a real hub. */
describe('flotilla at a terminal', () => {
  let fleet: CommandFleet;
  let cli: PackedCli;

  beforeAll(async () => {
    requirePseudoTerminal();
    [fleet, cli] = await Promise.all([
      CommandFleet.start({ 'a-1': { env: 'prod' }, 'b-1': { env: 'prod' }, 'c-1': { env: 'dev' } }),
      PackedCli.pack(),
    ]);
    await fleet.application('web', [{ name: 'all', progressDeadline: '10m', ackTimeout: '10m' }]);
  }, 120_000);

  afterAll(async () => {
    await fleet?.close();
    await cli?.remove();
  }, 30_000);

  const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    FLOTILLA_DATA: path.join(fleet.hub.folder, 'data'),
    ...more,
  });
  const seen = (words: string, more?: NodeJS.ProcessEnv): Running => atTerminal(`${cli.command} ${words}`, env(more));
  const piped = (words: string, more?: NodeJS.ProcessEnv): Running => inPipe(`${cli.command} ${words}`, env(more));

  /** A release of which every cluster has its part before it, and nobody has said anything. */
  const releaseUnderWay = async (): Promise<number> => {
    fleet.act(/./, () => ({ phase: 'progressing', message: 'Deployment web: 1 of 3 replicas are available' }));
    const release = await fleet.release('web');
    await fleet.when('web', release, ({ counts }) => counts.progressing === 3);
    return release;
  };

  it('colours what a terminal shows, unless NO_COLOR, and never a pipe', async () => {
    const [shown, plain, off, pipe, forced] = await Promise.all([
      seen('get clusters').end(),
      seen('get clusters', { NO_COLOR: '1' }).end(),
      seen('get clusters', { FORCE_COLOR: '0' }).end(),
      piped('get clusters').end(),
      piped('get clusters', { FORCE_COLOR: '1' }).end(),
    ]);
    for (const text of [shown, plain, off, pipe, forced]) expect(text).toContain('a-1');
    expect(shown).toMatch(/\u001b\[\d+m/);
    expect(forced).toMatch(/\u001b\[\d+m/);
    for (const text of [plain, off, pipe]) expect(text).not.toContain(ESCAPE);
    for (const text of [shown, plain, off]) expect(text).toContain('exit=0 sane');
  }, 120_000);

  it('redraws a rollout in its place, and leaves the last picture and the prompt below it', async () => {
    await releaseUnderWay();
    const running = seen('rollout status web --watch');
    await running.writes(/progressing/);
    const first = running.written.length;
    await fleet.pass('a-1', 'web');
    await running.writes(`${ESCAPE}[H`, first);
    fleet.allHealthy();
    for (const name of ['b-1', 'c-1']) await fleet.pass(name, 'web');
    const text = await running.end();
    expect(text).toContain('exit=0 sane');
    // Drawn from the top left again, without wrapping while it is drawn, and with wrapping afterwards.
    expect(text.split(`${ESCAPE}[H`).length).toBeGreaterThan(2);
    expect(text.indexOf(`${ESCAPE}[?7l`)).toBeGreaterThanOrEqual(0);
    expect(text.lastIndexOf(`${ESCAPE}[?7h`)).toBeGreaterThan(text.lastIndexOf(`${ESCAPE}[?7l`));
    expect(text.lastIndexOf(`${ESCAPE}[?7h`)).toBeLessThan(text.indexOf('exit=0'));
  }, 120_000);

  it('prints a line for each step in a pipe', async () => {
    await releaseUnderWay();
    const running = piped('rollout status web --watch');
    await running.writes('\n');
    const before = running.written.length;
    fleet.allHealthy();
    for (const name of ['a-1', 'b-1', 'c-1']) await fleet.pass(name, 'web');
    const text = await running.end();
    expect(text).not.toContain(ESCAPE);
    expect(text.length).toBeGreaterThan(before);
    expect(text).toMatch(/succeeded/);
  }, 120_000);

  it.each(['top', 'fleet --watch', 'get clusters --watch', 'describe rollout web --watch', 'trust --watch'])(
    'ends `%s` at Ctrl-C and leaves the terminal as it was',
    async (words) => {
      const running = seen(words);
      await running.writes(`${ESCAPE}[J`);
      running.type(CTRL_C);
      const text = await running.end();
      expect(text).toMatch(/exit=(0|130) sane/);
      expect(text.lastIndexOf(`${ESCAPE}[?7h`)).toBeGreaterThan(text.lastIndexOf(`${ESCAPE}[?7l`));
      // 20 rows: a picture never scrolls the terminal.
      const pictures = text.split(`${ESCAPE}[H`).slice(1, -1);
      for (const picture of pictures) expect(picture.split('\n').length).toBeLessThanOrEqual(20);
    },
    120_000,
  );

  it('follows the history of a rollout until Ctrl-C', async () => {
    const release = await releaseUnderWay();
    const running = seen('rollout history web --watch');
    const pipe = piped(`rollout history web-${(await fleet.rollout('web')).number} --watch -o jsonl`);
    for (const each of [running, pipe]) await each.writes(new RegExp(`rollout of release ${release} started`));
    fleet.allHealthy();
    for (const name of ['a-1', 'b-1', 'c-1']) await fleet.pass(name, 'web');
    for (const each of [running, pipe]) await each.writes(/succeeded/);
    running.type(CTRL_C);
    pipe.kill('SIGINT');
    expect(await running.end()).toMatch(/exit=(0|130) sane/);
    const lines = (await pipe.end()).trimEnd().split('\n');
    const seqs = lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  }, 120_000);

  it('asks before it takes a cluster out, and takes anything but a yes for a no', async () => {
    const there = async (): Promise<boolean> => (await fleet.api.raw('GET', '/api/v1/clusters/c-1')).status === 200;
    for (const answer of ['n\n', '\n', 'perhaps\n', CTRL_C, '\u0004']) {
      const running = seen('cluster remove c-1 --leave');
      await running.writes('Go on? [y/N]');
      running.type(answer);
      const text = await running.end();
      expect(text).toContain('Nothing was changed');
      expect(text).toContain('exit=1 sane');
    }
    const nobody = piped('cluster remove c-1 --leave < /dev/null');
    expect(await nobody.end()).toContain('--yes');
    expect(await there()).toBe(true);
    fleet.act(/./, healthy);
    const running = seen('cluster remove c-1 --leave');
    await running.writes('Go on? [y/N]');
    running.type('y\n');
    expect(await running.end()).toContain('exit=0 sane');
    expect(await there()).toBe(false);
  }, 180_000);
});
