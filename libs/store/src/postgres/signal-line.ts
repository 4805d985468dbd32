import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { StoreSignal } from '#ports';
import { messageOf } from '#kit';
import type { StoreLog } from '../open-store.js';

const CHANNEL = 'flotilla_signals';
const ALL_SIGNALS: readonly StoreSignal[] = ['dirty', 'wake', 'event', 'resource'];
/** Commits of a busy rollout come by the hundred a second; other hubs are told in bundles. */
const NOTIFY_EVERY_MS = 10;
const RECONNECT_MS = { first: 100, most: 5_000 };

export interface SignalLine {
  /** Tells the other hubs, soon. Lost while the connection is down: they ask for everything when theirs comes back. */
  notify(signals: Iterable<StoreSignal>): void;
  close(): Promise<void>;
}

/**
 * One connection of its own that listens for other hubs' commits and tells them of ours. NOTIFY goes out after the commit, not
 * in it: within a transaction it would take a lock of the whole server until the commit is on disk.
 */
export async function openSignalLine(
  url: string,
  onSignals: (signals: readonly StoreSignal[]) => void,
  log: StoreLog,
): Promise<SignalLine> {
  const self = randomUUID();
  const waiting = new Set<StoreSignal>();
  let client: pg.Client | undefined;
  let sending: NodeJS.Timeout | undefined;
  let retry: NodeJS.Timeout | undefined;
  let delay = RECONNECT_MS.first;
  let closed = false;

  async function connect(): Promise<void> {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: 'flotilla signals',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    // Every client needs this before anything else: an error without a listener ends the process.
    fresh.on('error', (error) => lost(fresh, error));
    fresh.on('end', () => lost(fresh, new Error('the connection ended')));
    fresh.on('notification', ({ payload = '' }) => {
      const [from, list = ''] = payload.split(' ');
      if (from !== self) onSignals(ALL_SIGNALS.filter((signal) => list.split(',').includes(signal)));
    });
    try {
      await fresh.connect();
      await fresh.query(`listen ${CHANNEL}`);
    } catch (error) {
      await fresh.end().catch(() => undefined);
      throw error;
    }
    if (closed) return void (await fresh.end().catch(() => undefined));
    client = fresh;
    delay = RECONNECT_MS.first;
    if (waiting.size > 0) schedule();
  }

  function lost(which: pg.Client, error: unknown): void {
    if (client !== which || closed) return;
    client = undefined;
    log.warn({ reason: messageOf(error, 200) }, 'lost the connection that listens for other hubs; reconnecting');
    which.end().catch(() => undefined);
    reconnectLater();
  }

  function reconnectLater(): void {
    retry = setTimeout(() => {
      connect().then(
        // Whatever was told meanwhile was missed.
        () => closed || onSignals(ALL_SIGNALS),
        () => closed || reconnectLater(),
      );
    }, delay);
    retry.unref();
    delay = Math.min(delay * 2, RECONNECT_MS.most);
  }

  async function tell(): Promise<void> {
    if (client === undefined) return;
    const list = [...waiting].join(',');
    waiting.clear();
    await client.query('select pg_notify($1, $2)', [CHANNEL, `${self} ${list}`]);
  }

  function schedule(): void {
    sending ??= setTimeout(() => {
      // One at a time: a server under load may need longer than our interval, and what is told together costs once.
      tell()
        .catch((error: unknown) =>
          log.debug({ reason: messageOf(error, 200) }, 'could not tell other hubs of a change'),
        )
        .finally(() => {
          sending = undefined;
          if (waiting.size > 0 && client !== undefined && !closed) schedule();
        });
    }, NOTIFY_EVERY_MS);
    sending.unref();
  }

  await connect();
  return {
    notify(signals) {
      for (const signal of signals) waiting.add(signal);
      if (waiting.size > 0 && client !== undefined) schedule();
    },
    async close() {
      closed = true;
      clearTimeout(sending);
      clearTimeout(retry);
      await client?.end().catch(() => undefined);
    },
  };
}
