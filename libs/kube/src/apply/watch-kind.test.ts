import { describe, expect, it } from '@jest/globals';
import { RejectedError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { watchKind } from './watch-kind.js';

const kind = { apiVersion: 'v1', kind: 'ConfigMap', namespaced: true, base: '/api/v1', plural: 'configmaps' };

/** Watches for so long, and answers when each list and each stream was asked for. */
async function watched(forMs: number, answers: { list: () => KubeResponse; stream?: () => Error }) {
  const stop = new AbortController();
  const lists: number[] = [];
  const streams: number[] = [];
  const kube: Kube = {
    request: async () => {
      lists.push(performance.now());
      return answers.list();
    },
    watch: async function* () {
      streams.push(performance.now());
      const error = answers.stream?.();
      if (error !== undefined) throw error;
    },
    close: () => undefined,
  };
  const silent = { onList: () => undefined, onEvent: () => undefined };
  const running = watchKind({
    ...silent,
    kube,
    kind,
    metadataOnly: false,
    idleMs: 60_000,
    random: () => 0.5,
    signal: stop.signal,
  });
  await new Promise((resolve) => setTimeout(resolve, forMs));
  stop.abort();
  await running;
  return { lists, streams };
}

describe('a watch that can not be opened', () => {
  it('is tried ever less often', async () => {
    const { lists } = await watched(2_500, { list: () => ({ status: 500, body: { message: 'broken' } }) });
    // After 0, 200, 600 and 1,400 ms.
    expect(lists.length).toBeGreaterThanOrEqual(3);
    expect(lists.length).toBeLessThanOrEqual(4);
  });

  it('is left alone for as long as the API server asks for', async () => {
    const list = (): KubeResponse => ({ status: 200, body: { metadata: { resourceVersion: '7' }, items: [] } });
    const stream = () => new RejectedError('kube-status', 'too many', { status: 429, retryAfterSeconds: 2 });
    const { lists, streams } = await watched(2_500, { list, stream });
    expect(lists).toHaveLength(1);
    expect(streams.length).toBeLessThanOrEqual(2);
    expect((streams[1] ?? Infinity) - (streams[0] ?? 0)).toBeGreaterThanOrEqual(1_990);
  });
});
