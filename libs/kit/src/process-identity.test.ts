import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { identifyProcess, isSameProcessAlive } from './process-identity.js';

it('knows a living process by its pid and start, and a dead one no more', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  const identity = identifyProcess(child.pid ?? 0);
  expect(identity).toMatchObject({ pid: child.pid });
  expect(isSameProcessAlive(identity!)).toBe(true);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(isSameProcessAlive(identity!)).toBe(false);
});

it('does not take a process for one that had its pid before', () => {
  const me = identifyProcess(process.pid)!;
  expect(isSameProcessAlive({ ...me, started: `${me.started}0` })).toBe(false);
});

it.each([0, -1, 1.5, Number.NaN, 2 ** 31])('answers nobody for the pid %p', (pid) => {
  expect(identifyProcess(pid)).toBeUndefined();
});
