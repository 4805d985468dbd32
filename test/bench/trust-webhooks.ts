import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReleaseView, WebhookAnswer } from '#contract';
import { RejectedError } from '#kit';
import type { TestApi } from '../helpers/test-api.js';
import { declareApplication, makeBenchRepository } from './bench-repository.js';
import { percentile, round } from './percentile.js';

const WITHIN_MS = 60_000;
/** How often the API is asked, and so how exact the figures are. */
const EVERY_MS = 5;

export interface WebhookFigures {
  readonly pushes: number;
  /** From the delivery of the push to the release in the API. */
  readonly releaseP50Ms: number;
  readonly releaseP99Ms: number;
}

/** A commit is pushed, its Git host says so, and the clock runs until the API has its release: fetched, rendered, stored. */
export async function measureWebhooks(api: TestApi, folder: string, pushes: number): Promise<WebhookFigures> {
  const repository = await makeBenchRepository(folder, 'pushed');
  const { secret } = await api.post<WebhookAnswer>('/api/v1/webhooks', { name: 'bench', provider: 'github' });
  // Of the clusters that were registered and never connect: what they are given waits.
  await api.post('/api/v1/apply', declareApplication('pushed', repository.url, { bench: 'joins' }));
  await releaseOf(api, 1);
  const times: number[] = [];
  for (let number = 1; number <= pushes; number += 1) {
    await repository.push(number);
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { clone_url: repository.url } });
    const began = performance.now();
    const { status, text } = await api.raw('POST', '/api/v1/webhooks/bench', body, {
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    if (status >= 300) throw new RejectedError('bench', `the delivery was answered ${status}: ${text.slice(0, 300)}`);
    await releaseOf(api, number + 1);
    times.push(performance.now() - began);
  }
  return {
    pushes,
    releaseP50Ms: round(percentile(times, 50)),
    releaseP99Ms: round(percentile(times, 99)),
  };
}

async function releaseOf(api: TestApi, number: number): Promise<void> {
  const end = performance.now() + WITHIN_MS;
  for (;;) {
    const { items } = await api.get<{ items: readonly Pick<ReleaseView, 'release'>[] }>(
      '/api/v1/releases?application=pushed&limit=1',
    );
    if ((items[0]?.release ?? 0) >= number) return;
    if (performance.now() > end) throw new RejectedError('bench', `no release ${number} within ${WITHIN_MS} ms`);
    await sleep(EVERY_MS);
  }
}
