import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Certificates, ensureCertificates } from '#bus';
import { createLogger, RejectedError, type Resolve } from '#kit';
import type { GitCredential } from '#ports';
import { type ChartSourceOptions, openChartSource } from '#source';
import { PASSWORD, USERNAME } from './start-registry.js';

/** A hub's source of charts with a folder of its own, beside servers on 127.0.0.1. */
export async function openCharts(more: Partial<ChartSourceOptions> = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-charts-'));
  const certificates: Certificates = await ensureCertificates(path.join(folder, 'tls'), { names: [], ips: [] });
  const known = new Map<string, GitCredential>();
  const log: string[] = [];
  let isReachable = true;
  // Nobody listens at the other address: servers go away without being stopped.
  const resolve: Resolve = (_hostname, _options, done) =>
    done(null, [{ address: isReachable ? '127.0.0.1' : '127.0.0.2', family: 4 }]);
  const kept = path.join(folder, 'charts');
  const open = (options: Partial<ChartSourceOptions> = {}) =>
    openChartSource({
      folder: kept,
      allowLocalAddresses: true,
      resolve,
      log: createLogger({ level: 'trace', format: 'json', output: { write: (line: string) => log.push(line) } }),
      credentials: async (name) => {
        const found = known.get(name);
        if (found === undefined) throw new RejectedError('credential-missing', `There is no credential "${name}".`);
        return found;
      },
      ...more,
      ...options,
    });
  const source = open();
  return {
    source,
    /** Another hub on the same folder. */
    open,
    folder,
    kept,
    certificates,
    known,
    log,
    credential: (host: string, change: Partial<Extract<GitCredential, { kind: 'https' }>> = {}): GitCredential => ({
      ...{ kind: 'https', host, username: USERNAME, password: PASSWORD, ca: certificates.caPem },
      ...change,
    }),
    setReachable: (reachable: boolean): void => {
      isReachable = reachable;
    },
    close: async (): Promise<void> => {
      source.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type OpenCharts = Awaited<ReturnType<typeof openCharts>>;
