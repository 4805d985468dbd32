import type { CreateTokenAnswer } from '#contract';
import type { TestApi } from '../helpers/test-api.js';
import { say } from './machine.js';
import type { PageBench } from './page.js';
import { cpuSeconds } from './process-figures.js';
import { percentile, round } from './percentile.js';

/** Milliseconds that a page of any list may take, 99 of 100 times. */
export const LIST_TARGET_MS = 50;
/** Pages of each list that are asked for at most. */
const MOST_PAGES = 60;
const FIRST_PAGES = 20;

/** With what the page and the command line ask for. */
const LISTS: Readonly<Record<string, string>> = {
  clusters: '/api/v1/clusters',
  clustersOfRegion: '/api/v1/clusters?selector=region%3Deu-west-1%2Cenv!%3Ddev',
  clustersOffline: '/api/v1/clusters?status=offline',
  rollouts: '/api/v1/rollouts',
  rolloutsOfShop: '/api/v1/rollouts?application=shop',
  targets: '/api/v1/rollouts/shop-3/targets',
  targetsEverywhere: '/api/v1/rollouts/platform-1/targets',
  targetsFailed: '/api/v1/rollouts/shop-3/targets?state=failed',
  targetsDeferred: '/api/v1/rollouts/platform-2/targets?state=deferred',
  releases: '/api/v1/releases',
  releasesOfShop: '/api/v1/releases?application=shop',
  events: '/api/v1/events',
  eventsOfShop: '/api/v1/events?application=shop',
  eventsOfRollout: '/api/v1/events?rollout=platform-2',
  audit: '/api/v1/audit',
  applications: '/api/v1/applications',
  fleet: '/api/v1/fleet',
};

interface ListFigures {
  readonly pages: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of hub and database, a page: what other work on the machine does not lengthen. */
  readonly cpuMs: number;
}

/** Every list page by page from its beginning, and its first page again and again, over one kept connection; as admin and in a scope. */
export async function measureLists({ hub, database }: PageBench): Promise<object> {
  const { api } = hub;
  const cpu = (): number => cpuSeconds(hub.pid) + cpuSeconds(database, true);
  const request = {
    name: 'bench-viewer',
    role: 'viewer',
    scope: { clusters: { matchLabels: { region: 'eu-west-1' } } },
  };
  const { token } = await api.post<CreateTokenAnswer>('/api/v1/tokens', request);
  const scoped = api.as(token);
  try {
    // What a hub does for the first time is no figure of a list.
    await walk(api, { cpu, most: 3 });
    const [all, inScope] = [await walk(api, { cpu }), await walk(scoped, { cpu, isScoped: true })];
    const slow = Object.entries(all).filter(([, { p99Ms }]) => p99Ms > LIST_TARGET_MS);
    for (const [name, { p99Ms }] of slow) say(`${name} takes ${p99Ms} ms a page, more than ${LIST_TARGET_MS} ms`);
    const worstP99Ms = Math.max(...Object.values(all).map(({ p99Ms }) => p99Ms));
    return { targetP99Ms: LIST_TARGET_MS, worstP99Ms, all, inScope };
  } finally {
    scoped.close();
  }
}

interface Walk {
  /** CPU seconds of hub and database so far. */
  readonly cpu: () => number;
  readonly most?: number;
  readonly isScoped?: boolean;
}

async function walk(
  api: TestApi,
  { cpu, most = MOST_PAGES, isScoped = false }: Walk,
): Promise<Record<string, ListFigures>> {
  const figures: Record<string, ListFigures> = {};
  for (const [name, route] of Object.entries(LISTS)) {
    const times: number[] = [];
    const before = cpu();
    let after: string | undefined;
    for (let page = 0; page < most + FIRST_PAGES; page += 1) {
      const from = after === undefined || page >= most ? '' : `${route.includes('?') ? '&' : '?'}after=${after}`;
      const began = performance.now();
      const { status, text } = await api.raw('GET', `${route}${from}`);
      // Not everything is for everybody.
      if (isScoped && (status === 403 || status === 404)) break;
      times.push(performance.now() - began);
      if (status !== 200) throw new Error(`${route} answered ${status}: ${text.slice(0, 300)}`);
      after = (JSON.parse(text) as { next?: string }).next;
    }
    if (times.length === 0) continue;
    figures[name] = {
      pages: times.length,
      p50Ms: round(percentile(times, 50), 1),
      p99Ms: round(percentile(times, 99), 1),
      cpuMs: round((1000 * (cpu() - before)) / times.length, 1),
    };
  }
  return figures;
}
