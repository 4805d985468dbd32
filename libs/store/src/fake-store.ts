import type { Store, StoreSignal, Unit } from '#ports';
import { RetryableError } from '#kit';
import { fakeApis } from './fake/apis.js';
import { fakeClusters } from './fake/clusters.js';
import { fakeCredentials } from './fake/credentials.js';
import { fakeJoinTokens } from './fake/join-tokens.js';
import { Memory } from './fake/memory.js';
import { fakeOutbox } from './fake/outbox.js';
import { fakeAnswers, fakeFreeze } from './fake/commands.js';
import { fakeAudit, fakeSettings, fakeTokens } from './fake/people.js';
import { fakeReleases } from './fake/releases.js';
import { fakeCells } from './fake/cells.js';
import { fakeReports } from './fake/reports.js';
import { fakeResources } from './fake/resources.js';
import { fakeRevocations } from './fake/revocations.js';
import { fakeRollouts } from './fake/rollouts.js';
import { fakeGrants } from './fake/grants.js';
import { fakeTrust } from './fake/trust.js';
import { fakeLoginCodes, fakeSessions } from './fake/sessions.js';
import { fakeWebhooks } from './fake/webhooks.js';
import { Locks, type Run, Session } from './fake/session.js';
import { SignalHandlers } from './signal-handlers.js';

export interface FakeStore extends Store {
  /** While true, everything is refused as if the database were away. */
  unavailable: boolean;
  /** Another hub on the same memory, as a second process on one database would be. */
  another(): FakeStore;
}

/** A test double of the store: in memory, with real transactions and row locks, held to the contract suite of the real one. */
export function createFakeStore(): FakeStore {
  return onMemory({ memory: new Memory(), locks: new Locks(), hubs: [] });
}

interface Shared {
  readonly memory: Memory;
  readonly locks: Locks;
  readonly hubs: SignalHandlers[];
}

function onMemory(shared: Shared): FakeStore {
  const failures: unknown[] = [];
  const handlers = new SignalHandlers((error) => failures.push(error));
  shared.hubs.push(handlers);

  async function inSession<T>(isTransaction: boolean, work: (session: Session) => T | Promise<T>): Promise<T> {
    if (store.unavailable)
      throw new RetryableError('database-unavailable', 'The database does not answer: it is tried again.');
    const session = new Session(shared.memory, shared.locks, isTransaction);
    try {
      const result = await work(session);
      session.commit();
      tell(session.signals);
      return result;
    } finally {
      session.end();
    }
  }

  function tell(signals: ReadonlySet<StoreSignal>): void {
    for (const hub of shared.hubs) hub.tell(signals);
  }

  const store: FakeStore = {
    unavailable: false,
    read: unitOf((work) => inSession(false, work)),
    transact: (work) => inSession(true, (session) => work(unitOf(async (operation) => operation(session)))),
    onSignal: (handle) => handlers.add(handle),
    ping: () => inSession(false, () => undefined),
    close: async () => {
      shared.hubs.splice(shared.hubs.indexOf(handlers), 1);
    },
    another: () => onMemory(shared),
  };
  return store;
}

function unitOf(run: Run): Unit {
  return {
    resources: fakeResources(run),
    clusters: { ...fakeClusters(run), ...fakeJoinTokens(run) },
    releases: fakeReleases(run),
    rollouts: fakeRollouts(run),
    outbox: fakeOutbox(run),
    revocations: fakeRevocations(run),
    reports: fakeReports(run),
    cells: fakeCells(run),
    tokens: fakeTokens(run),
    grants: fakeGrants(run),
    sessions: fakeSessions(run),
    loginCodes: fakeLoginCodes(run),
    audit: fakeAudit(run),
    credentials: fakeCredentials(run),
    webhooks: fakeWebhooks(run),
    trust: fakeTrust(run),
    settings: fakeSettings(run),
    freeze: fakeFreeze(run),
    answers: fakeAnswers(run),
    apis: fakeApis(run),
  };
}
