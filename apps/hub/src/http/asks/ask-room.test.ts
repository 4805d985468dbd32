import { describe, expect, it } from '@jest/globals';
import { AskRoom } from './ask-room.js';

/** Questions that are answered when the test says so. */
function questions() {
  const answers: ((text: string) => void)[] = [];
  const failures: ((error: Error) => void)[] = [];
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      answers.push(resolve);
      failures.push(reject);
    });
  return { ask, answers, failures };
}
const of = (cluster: string, what: string) => ({ cluster, name: cluster, what });

describe('the room for asks', () => {
  it('gives equal questions of a moment one answer, and later ones another', async () => {
    const [room, { ask, answers }] = [new AskRoom(), questions()];
    const both = [room.take(of('a', 'tree web'), ask), room.take(of('a', 'tree web'), ask)];
    expect(answers).toHaveLength(1);
    answers[0]?.('one');
    expect(await Promise.all(both)).toEqual(['one', 'one']);
    const next = room.take(of('a', 'tree web'), ask);
    answers[1]?.('two');
    expect(await next).toBe('two');
  });

  it('lets three questions to a cluster wait, and tells whoever asks a fourth', async () => {
    const [room, { ask, answers }] = [new AskRoom(), questions()];
    const open = ['1', '2', '3'].map((what) => room.take(of('a', what), ask));
    await expect(async () => room.take(of('a', '4'), ask)).rejects.toMatchObject({
      code: 'too-many-asks',
      details: { status: 429 },
      message: expect.stringMatching(/Cluster "a" is being asked 3 things already: wait/),
    });
    open.push(room.take(of('b', '1'), ask));
    answers.forEach((answer) => answer('x'));
    await Promise.all(open);
    open.push(room.take(of('a', '4'), ask));
    expect(answers).toHaveLength(5);
  });

  it('lets twelve wait in all', async () => {
    const [room, { ask }] = [new AskRoom(), questions()];
    const open = Array.from({ length: 12 }, (_, n) => room.take(of(`c${n}`, 'tree web'), ask));
    await expect(async () => room.take(of('another', 'tree web'), ask)).rejects.toMatchObject({
      kind: 'retryable',
      code: 'asks-busy',
    });
    expect(open).toHaveLength(12);
  });

  it('gives the room back where a question failed, to everybody who shared it', async () => {
    const [room, { ask, failures, answers }] = [new AskRoom(), questions()];
    const shared = [room.take(of('a', 'x'), ask), room.take(of('a', 'x'), ask)];
    failures[0]?.(new Error('silent'));
    expect(await Promise.allSettled(shared)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    const next = room.take(of('a', 'x'), ask);
    answers[1]?.('back');
    expect(await next).toBe('back');
  });
});
