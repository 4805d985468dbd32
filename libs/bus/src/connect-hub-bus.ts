import { jetstream, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { type Logger, messageOf } from '#kit';
import type { HubBus } from '#ports';
import { AccountResolver } from './account-resolver.js';
import type { TrustedCa } from './client-options.js';
import { hubUserJwt, systemUserJwt } from './accounts.js';
import { NatsHubBus } from './hub-bus.js';
import { retryElection } from './election.js';
import { login } from './hub-login.js';
import type { BusKeys } from './nats-keys.js';
import { busError } from './requests.js';
import { RevocationList } from './revocation-list.js';
import { ServerVersions } from './server-version.js';
import { StatusQuota } from './status-quota.js';
import { ensureStreams } from './streams.js';

export interface HubBusOptions {
  /** `tls://host:port`; several, separated by commas, for a cluster. */
  readonly url: string;
  readonly keys: BusKeys;
  /** PEM, or where to find it: asked at each connect. */
  readonly caPem: TrustedCa;
  /** How many servers hold each stream: 1, or 3 in a cluster. Unless told, 3 in a cluster and else 1. */
  readonly replicas?: 1 | 3;
  /** How many reports of one cluster are kept, and so of how many applications; 2,000 unless told. */
  readonly reportsPerCluster?: number;
  readonly name?: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Connects the hub: hands in the accounts, makes or updates streams and buckets, pushes the revocations. All of it may be done
 * again by any hub, and is, at each reconnect, since the server that answers then may be a new one.
 * @throws RetryableError `bus-unreachable`, `bus-not-ready`
 */
export async function connectHubBus(options: HubBusOptions): Promise<HubBus> {
  const { url, keys, caPem, log } = options;
  const name = options.name ?? 'flotilla-hub';
  const open: NatsConnection[] = [];
  try {
    const system = await login({
      url,
      caPem,
      name: `${name}-system`,
      credential: (publicKey, now) => systemUserJwt(keys, publicKey, now),
    });
    open.push(system);
    const versions = new ServerVersions(log);
    versions.see(system.info);
    const resolver = new AccountResolver(system, keys);
    await resolver.pushHub();
    const hub = await login({ url, caPem, name, credential: (publicKey, now) => hubUserJwt(keys, publicKey, now) });
    open.push(hub);
    versions.see(hub.info);
    const replicas = options.replicas ?? (hub.info?.cluster === undefined ? 1 : 3);
    const manager = await openJetStream(hub, replicas);
    const revocations = await RevocationList.open(hub, resolver, log);
    const presence = watchConnection(hub, log, 'hub');
    const prepareAgain = (what: string, prepare: () => Promise<void>) => () => {
      prepare().catch((error: unknown) => log.warn({ why: messageOf(error) }, `${what} could not be made ready again`));
    };
    // The accounts first: a server that lost its folder lets the hub's own user in only after that.
    watchConnection(system, log, 'system').onReconnect(
      prepareAgain('accounts', async () => {
        versions.see(system.info);
        await resolver.pushHub();
        await revocations.push();
      }),
    );
    onServer(
      system,
      prepareAgain('the revocations of a server that joined', () => revocations.pushToAll()),
    );
    const quota = new StatusQuota(manager, log, options.reportsPerCluster);
    const connections = { hub, system, client: jetstream(hub), manager, revocations, quota, ...presence };
    const bus = new NatsHubBus(connections, keys, log);
    presence.onReconnect(
      prepareAgain('streams', async () => {
        if (await retryElection(() => ensureStreams(manager, replicas))) await bus.pullAgain();
      }),
    );
    return bus;
  } catch (error) {
    await Promise.all(open.map((each) => each.close()));
    throw busError(error);
  }
}

async function openJetStream(hub: NatsConnection, replicas: number): Promise<JetStreamManager> {
  return await retryElection(async () => {
    const manager = await jetstreamManager(hub);
    await ensureStreams(manager, replicas);
    return manager;
  });
}

/** Calls `handle` for each server that is there or joins: a server says how it is when it comes, and again every few seconds. */
function onServer(system: NatsConnection, handle: () => void): void {
  const seen = new Set<string>();
  system.subscribe('$SYS.SERVER.*.STATSZ', {
    callback: (error, { subject }) => {
      // A server that was started again has another id.
      const id = subject.split('.')[2];
      if (error !== null || id === undefined || seen.has(id)) return;
      seen.add(id);
      handle();
    },
  });
}

interface Presence {
  readonly isConnected: () => boolean;
  readonly onReconnect: (handle: (downMs: number) => void) => void;
}

function watchConnection(connection: NatsConnection, log: Pick<Logger, 'info' | 'warn'>, which: string): Presence {
  const handlers: ((downMs: number) => void)[] = [];
  let downSince: number | null = null;
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        downSince ??= performance.now();
        log.warn({ connection: which }, 'the bus is gone; connecting again');
      } else if (status.type === 'reconnect') {
        const downMs = Math.round(performance.now() - (downSince ?? performance.now()));
        downSince = null;
        log.info({ connection: which, downMs }, 'connected to the bus again');
        for (const handle of handlers) handle(downMs);
      } else if (status.type === 'error') {
        log.warn({ connection: which, why: messageOf(status.error, 300) }, 'the bus complained');
      }
    }
  };
  watch().catch((error: unknown) => log.warn({ why: messageOf(error) }, 'the connection is not watched any more'));
  return {
    isConnected: () => downSince === null && !connection.isClosed(),
    onReconnect: (handle) => void handlers.push(handle),
  };
}
