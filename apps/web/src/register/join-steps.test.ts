import { describe, expect, it } from '@jest/globals';
import { joinSteps, leftText } from './join-steps.js';

const application = (health: 'healthy' | 'progressing') => ({
  ...{ application: 'web', health, sync: 'synced' as const, release: 1, digest: '', generation: 1 },
  state: 'passed' as const,
});

const states = (cluster: Parameters<typeof joinSteps>[0]) => joinSteps(cluster).steps.map(({ state }) => state);

describe('a cluster on its way into the fleet', () => {
  it('is waited for until its agent joins', () => {
    const cluster = { state: 'registered', status: 'waiting' } as const;
    expect(states(cluster)).toEqual(['done', 'now', 'next', 'next']);
    expect(joinSteps(cluster)).toMatchObject({ sentence: 'Waiting for the cluster to join.', isOver: false });
  });

  it('has joined, and is ready once it is heard', () => {
    expect(states({ state: 'joined', status: 'offline' })).toEqual(['done', 'done', 'now', 'next']);
    expect(states({ state: 'joined', status: 'ready', applications: [] })).toEqual(['done', 'done', 'done', 'now']);
  });

  it('shows applications as they arrive', () => {
    const arriving = joinSteps({
      ...{ state: 'joined', status: 'ready' },
      applications: [application('healthy'), application('progressing')],
    });
    expect(arriving.steps.at(-1)?.text).toBe('1 of 2 healthy');
    expect(arriving.isOver).toBe(false);
    expect(joinSteps({ state: 'joined', status: 'ready', applications: [application('healthy')] }).isOver).toBe(true);
  });
});

describe('how long a line still works', () => {
  it.each([
    [3_582_000, '59m 42s'],
    [7_500_000, '2h 5m'],
    [604_800_000, '7d 0h'],
    [999, '1s'],
    [-5, '0s'],
  ])('%d ms: %s', (ms, text) => {
    expect(leftText(ms)).toBe(text);
  });
});
