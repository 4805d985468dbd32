import type { ClusterView } from '#contract';
import type { HubClient } from '../hub-client.js';
import { KINDS, withListing } from '../listings/find-listing.js';
import { part } from '../listings/listing.js';
import type { NamesOf } from './complete.js';

/** Who presses a key does not wait longer than this for names, ms. */
const PATIENCE_MS = 1500;
const MOST = 1000;
/** What `why` can be asked about. */
const SUBJECTS = ['application/', 'cluster/', 'rollout/'];

/** Names as the hub knows them now; none where it can't be asked in time. */
export function namesAtHub(connect: () => HubClient): NamesOf {
  return async (sort, word, kind) => {
    if (sort === 'kinds' && !word.includes('/')) return KINDS;
    let client: HubClient | null = null;
    let timer: NodeJS.Timeout | undefined;
    try {
      const made = connect();
      client = made;
      const late = new Promise<readonly string[]>((resolve) => {
        timer = setTimeout(() => resolve([]), PATIENCE_MS);
      });
      return await Promise.race([read(made, sort, word, kind), late]);
    } catch {
      // Nobody wants to read of a hub that is away while he types.
      return [];
    } finally {
      clearTimeout(timer);
      client?.close();
    }
  };
}

async function read(client: HubClient, ...[sort, word, kind]: Parameters<NamesOf>): Promise<readonly string[]> {
  const [before = '', after] = word.split('/');
  switch (sort) {
    case 'comparable':
      if (after === undefined) {
        return [...(await listed(client, 'applications')), ...(await read(client, 'places', word, kind))];
      }
      return read(client, 'places', word, kind);
    case 'places': {
      if (after === undefined) return (await listed(client, 'clusters')).map((name) => `${name}/`);
      const { applications = [] } = await client.get<ClusterView>(`/api/v1/clusters/${part(before)}`);
      return applications.map(({ application }) => `${before}/${application}`);
    }
    case 'kinds':
      return (await listed(client, before)).map((name) => `${before}/${name}`);
    case 'subjects':
      if (after !== undefined && SUBJECTS.includes(`${before}/`))
        return (await listed(client, before)).map((name) => `${before}/${name}`);
      if (after !== undefined) return read(client, 'places', word, kind);
      return [...(await listed(client, 'applications')), ...SUBJECTS];
    case 'ofKind': {
      const [prefix = '', inner] = (kind ?? '').split('/');
      if (inner === undefined) return await listed(client, prefix === 'targets' ? 'rollouts' : prefix);
      return (await listed(client, prefix)).map((name) => `${prefix}/${name}`);
    }
    case 'rollouts':
      // The name of an application stands for its newest rollout.
      return [...(await listed(client, 'applications')), ...(await listed(client, 'rollouts'))];
    default:
      return await listed(client, sort);
  }
}

/** Names of a kind, by any of its words. */
function listed(client: HubClient, kind: string): Promise<readonly string[]> {
  return withListing(kind, async (listing) => {
    const filters = listing.filters.includes('limit') ? { limit: MOST } : {};
    const items = await listing.list(client, filters);
    return items.map((item) => listing.name(item).slice(listing.singular.length + 1));
  });
}
