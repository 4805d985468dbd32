import { describe, expect, it } from '@jest/globals';
import { RetryableError } from '#kit';
import type { Kube, KubeResponse } from '#ports';
import { apiError, callKube } from './api-error.js';

function answering(...answers: (KubeResponse | Error)[]): { kube: Kube; asked: () => number } {
  let asked = 0;
  const kube: Kube = {
    request: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer instanceof Error) throw answer;
      return answer ?? { status: 500, body: {} };
    },
    watch: () => {
      throw new Error('not here');
    },
    close: () => undefined,
  };
  return { kube, asked: () => asked };
}
const get = { method: 'GET', path: '/x' } as const;
const ok = { status: 200, body: {} };

describe('a request', () => {
  it('is tried again when the API server is busy, and once when there was no answer', async () => {
    const busy = answering({ status: 429, body: {}, retryAfterSeconds: 0 }, ok);
    expect((await callKube(busy.kube, get)).status).toBe(200);
    const broken = answering(new RetryableError('kube-unreachable', 'x'), ok);
    expect((await callKube(broken.kube, get)).status).toBe(200);
    const gone = answering(new RetryableError('kube-unreachable', 'x'));
    await expect(callKube(gone.kube, get)).rejects.toThrow(RetryableError);
    expect(gone.asked()).toBe(2);
  });

  it('does not stand still for long, nor go on for ever', async () => {
    const later = answering({ status: 429, body: {}, retryAfterSeconds: 60 });
    expect((await callKube(later.kube, get)).status).toBe(429);
    expect(later.asked()).toBe(1);
    const busy = answering({ status: 503, body: {}, retryAfterSeconds: 0 });
    expect((await callKube(busy.kube, get)).status).toBe(503);
    expect(busy.asked()).toBe(3);
  });

  it('is not tried again once it is no longer wanted', async () => {
    const unwanted = new AbortController();
    setTimeout(() => unwanted.abort(), 20);
    const busy = answering({ status: 429, body: {}, retryAfterSeconds: 1 }, ok);
    expect((await callKube(busy.kube, get, unwanted.signal)).status).toBe(429);
    const gone = answering(new RetryableError('kube-unreachable', 'x'), ok);
    await expect(callKube(gone.kube, get, unwanted.signal)).rejects.toThrow(RetryableError);
    expect([busy.asked(), gone.asked()]).toEqual([1, 1]);
  });

  it('that is refused tells whose fault it is', () => {
    const transient = (status: number, body = {}) => apiError({ status, body }).transient;
    expect([429, 500, 503, 504].map((status) => transient(status))).toEqual([true, true, true, true]);
    expect([400, 403, 404, 422].map((status) => transient(status))).toEqual([false, false, false, false]);
    expect(transient(409, { reason: 'Conflict' })).toBe(true);
    expect(transient(500, { message: 'failed to create typed patch object: .spec.x: field not declared' })).toBe(false);
    const base64 =
      'unable to convert unstructured object to /v1, Kind=Secret: error decoding from json: illegal base64 data';
    expect(transient(500, { message: base64 })).toBe(false);
  });
});
