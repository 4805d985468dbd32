import { describe } from '@jest/globals';
import { apis } from './store/apis.suite.js';
import { audits } from './store/audit.suite.js';
import { cells } from './store/cells.suite.js';
import { clusters } from './store/clusters.suite.js';
import { commands } from './store/commands.suite.js';
import { commits } from './store/commit.suite.js';
import { engineLog } from './store/engine-log.suite.js';
import { grants } from './store/grants.suite.js';
import { history } from './store/history.suite.js';
import { joinTokens } from './store/join-tokens.suite.js';
import { leavings } from './store/leaving.suite.js';
import { loading } from './store/loading.suite.js';
import { locks } from './store/locks.suite.js';
import type { OpenedStore, StoreTest } from './store/opened-store.js';
import { outbox } from './store/outbox.suite.js';
import { presence } from './store/presence.suite.js';
import { releases } from './store/releases.suite.js';
import { credentials } from './store/credentials.suite.js';
import { reports } from './store/reports.suite.js';
import { resources } from './store/resources.suite.js';
import { sessions } from './store/sessions.suite.js';
import { scopes } from './store/scopes.suite.js';
import { tokens } from './store/tokens.suite.js';
import { webhooks } from './store/webhooks.suite.js';
import { transactions } from './store/transactions.suite.js';
import { trusts } from './store/trust.suite.js';

export type { OpenedStore } from './store/opened-store.js';

/**
 * What every Store promises. `open` answers an empty one, with a way to a second hub's store on the same data; each test opens
 * its own and closes it.
 */
export function describeStoreContract(name: string, open: () => Promise<OpenedStore>): void {
  const suites: Readonly<Record<string, (test: StoreTest) => void>> = {
    transactions,
    locks,
    resources,
    clusters,
    'join tokens': joinTokens,
    'leaving and revocations': leavings,
    presence,
    releases,
    'a committed decision': commits,
    'the engine’s log': engineLog,
    'holds, freezes and answers': commands,
    'loading rows': loading,
    'history and lists': history,
    outbox,
    reports,
    'what clusters serve': apis,
    'the cells of the grid': cells,
    tokens,
    grants,
    scopes,
    'sessions and login codes': sessions,
    'audit and settings': audits,
    credentials,
    webhooks,
    'whom agents believe': trusts,
  };
  describe(`Store: ${name}`, () => {
    for (const [title, suite] of Object.entries(suites)) {
      describe(title, () => {
        suite(async (work) => {
          const opened = await open();
          try {
            await work(opened);
          } finally {
            await opened.close();
          }
        });
      });
    }
  });
}
