import { makeAgentKey, signByAgentKey } from '#bus';
import { joinProofText, type JoinAnswer, type RegisterAnswer } from '#contract';
import { PROTOCOL_VERSION } from '#domain';
import pLimit from 'p-limit';
import { postHub } from '../../apps/agent/src/steps/join/post-hub.js';
import type { BenchHub } from './bench-hub.js';
import { percentile, round } from './percentile.js';

/** A cluster that has joined, with nothing that speaks for it yet. */
export interface Joined {
  readonly name: string;
  readonly seed: string;
  readonly answer: JoinAnswer;
}

export interface JoinFigures {
  readonly joins: number;
  readonly atOnce: number;
  readonly joinsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of one join, milliseconds. */
  readonly hubCpuMs: number;
  readonly databaseCpuMs: number;
}

/**
 * Clusters that are registered join, by the agent's own request: each a TLS connection of its own, a proof by its key, and a
 * credential in the answer. Keys and proofs are made before the clock starts.
 */
export async function measureJoins(
  hub: BenchHub,
  { joins, atOnce }: { readonly joins: number; readonly atOnce: number },
): Promise<{ readonly figures: JoinFigures; readonly joined: readonly Joined[] }> {
  const limit = pLimit(atOnce);
  const invited = await Promise.all(
    Array.from({ length: joins }, (_, number) =>
      limit(async () => {
        const name = `joins-${number}`;
        const { token } = await hub.api.post<RegisterAnswer>('/api/v1/clusters', { name, labels: { bench: 'joins' } });
        const { publicKey, seed } = makeAgentKey();
        const proof = signByAgentKey(seed, joinProofText(token));
        const facts = { 'kubernetes.version': 'v1.36.3', nodes: '3' };
        return { name, seed, body: { token, publicKey, proof, protocol: PROTOCOL_VERSION, version: 'bench', facts } };
      }),
    ),
  );
  const times: number[] = [];
  const before = hub.figures();
  const began = performance.now();
  const joined = await Promise.all(
    invited.map(({ name, seed, body }) =>
      limit(async () => {
        const asked = performance.now();
        const answer = await postHub(hub.access, '/api/v1/join', body);
        times.push(performance.now() - asked);
        return { name, seed, answer };
      }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const after = hub.figures();
  const each = (cpu: 'hubCpuSeconds' | 'databaseCpuSeconds'): number =>
    round(((after[cpu] - before[cpu]) * 1000) / joins, 1);
  return {
    joined,
    figures: {
      joins,
      atOnce,
      joinsPerSecond: round(joins / seconds),
      p50Ms: round(percentile(times, 50), 1),
      p99Ms: round(percentile(times, 99), 1),
      hubCpuMs: each('hubCpuSeconds'),
      databaseCpuMs: each('databaseCpuSeconds'),
    },
  };
}
