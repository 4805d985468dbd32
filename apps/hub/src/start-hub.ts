import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { connectHubBus, ensureBusKeys, ensureCertificates, startEmbeddedNats, type Certificates } from '#bus';
import {
  createMetrics,
  findProgram,
  kustomize,
  lockDataFolder,
  messageOf,
  natsServer,
  RejectedError,
  requireFreePort,
  stopStaleChildren,
  type Logger,
} from '#kit';
import { systemClock, type Store } from '#ports';
import { openRenderer } from '#render';
import { openGitSource } from '#source';
import { migrate, openStore, startEmbeddedPostgres } from '#store';
import type { HubConfig } from './hub.config.js';
import { firstAdmin } from './installation/first-admin.js';
import { hostsOf } from './installation/hub-hosts.js';
import type { HubParts, HubSettings } from './parts.js';
import { serve } from './serve.js';
import { openManifestSigner } from './steps/assign/manifest-signer.js';

export interface RunningHub {
  readonly url: string;
  /** PEM of the private CA; null with a certificate of a public one. */
  readonly caPem: string | null;
  readonly store: Store;
  /** Pids of the children that it started. */
  readonly pids: Readonly<Record<string, number>>;
  /** Ends everything that was started, children last. */
  stop(): Promise<void>;
}

/** What ends, in the reverse order of what began. */
class Closers {
  private readonly list: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.list.push(close);
  }

  async closeAll(log: Logger): Promise<void> {
    for (const close of this.list.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log.warn({ error: messageOf(error) }, 'a part did not stop cleanly');
      }
    }
  }
}

/**
 * Starts a hub with whatever it needs that is not given: PostgreSQL, nats-server, keys, certificates.
 * @throws RejectedError, one sentence, for a port that is taken, a program that is missing, a data folder that can't be used.
 */
export async function startHub(config: HubConfig, log: Logger): Promise<RunningHub> {
  const closers = new Closers();
  try {
    return await start(config, log, closers);
  } catch (error) {
    await closers.closeAll(log);
    throw error;
  }
}

async function start(config: HubConfig, log: Logger, closers: Closers): Promise<RunningHub> {
  if (config.port !== 0) await requireFreePort(config.port, config.host, 'FLOTILLA_PORT');
  const data = await lockDataFolder(config.dataFolder, 'FLOTILLA_DATA');
  closers.add(() => data.release());
  const folder = (name: string): string => path.join(data.folder, name);
  const pidFolder = folder('pids');
  await stopStaleChildren(pidFolder, { log });
  const pids: Record<string, number> = {};

  const scratchFolder = folder('scratch');
  await rm(scratchFolder, { recursive: true, force: true });
  await mkdir(scratchFolder, { recursive: true, mode: 0o700 });

  const hosts = hostsOf(config);
  const certificates = await ensureCertificates(folder('tls'), hosts);
  const keys = await ensureBusKeys(folder('keys'));
  const say = { info: (line: string) => log.info(line) };
  // A child that dies takes the hub with it: whoever supervises the hub starts both anew, and nothing is lost.
  const died = (name: string) => (): void => {
    log.fatal({ child: name }, `${name} ended by itself; the hub stops too`);
    process.kill(process.pid, 'SIGTERM');
  };

  const kustomizeProgram = await findProgram(kustomize, { log: say });
  const [databaseUrl, nats] = await Promise.all([
    (async () => {
      if (config.databaseUrl !== undefined) return config.databaseUrl;
      const postgres = await startEmbeddedPostgres({
        folder: folder('postgres'),
        log,
        onExit: died('PostgreSQL'),
      });
      closers.add(() => postgres.stop());
      pids['postgres'] = postgres.pid;
      return postgres.url;
    })(),
    (async () => {
      if (config.natsUrl !== undefined) return config.natsUrl;
      const program = await findProgram(natsServer, { log: say });
      const server = await startEmbeddedNats({
        folder: folder('nats'),
        program: program.path,
        keys,
        certificates,
        pidFolder,
        host: config.natsHost,
        ...(config.natsPort !== undefined && { port: config.natsPort }),
        portSetting: 'FLOTILLA_NATS_PORT',
        onExit: died('nats-server'),
        log,
      });
      closers.add(() => server.stop());
      pids['nats'] = server.pid;
      return server.url;
    })(),
  ]);

  await migrate({ url: config.migrationsDatabaseUrl ?? databaseUrl });
  const store = await openStore({ url: databaseUrl, poolSize: config.databasePool, log });
  closers.add(() => store.close());

  const natsCaPem = config.natsCaFile === undefined ? certificates.caPem : await readFile(config.natsCaFile, 'utf8');
  const bus = await connectHubBus({ url: nats, keys, caPem: natsCaPem, log });
  closers.add(() => bus.close());

  const git = openGitSource({ folder: folder('mirrors'), allowLocal: config.allowLocalSources, log });
  closers.add(() => git.close());
  const renderer = openRenderer({ kustomizePath: kustomizeProgram.path, log });

  const tls = await tlsOf(config, certificates);
  const settings: Omit<HubSettings, 'publicUrl'> = {
    caPem: tls.caPem,
    natsUrls: [config.natsPublicUrl ?? nats],
    natsCaPem,
    heartbeatMs: config.heartbeatMs,
    agentImage: config.agentImage,
    scratchFolder,
    renderConcurrency: config.renderConcurrency,
  };
  const parts: Omit<HubParts, 'settings'> = {
    store,
    bus,
    git,
    renderer,
    clock: systemClock,
    signer: await openManifestSigner(folder('keys/manifest-key.pem')),
    log,
    metrics: createMetrics({ processMetrics: true }),
  };
  const server = await serve({ config, parts, settings, tls });
  closers.add(() => server.close());
  await firstAdmin({ store, clock: systemClock, file: folder('admin.json'), url: server.url, caPem: tls.caPem });
  return { url: server.url, caPem: tls.caPem, store, pids, stop: () => closers.closeAll(log) };
}

interface Tls {
  readonly cert: string;
  readonly key: string;
  readonly caPem: string | null;
}

async function tlsOf(config: HubConfig, own: Certificates): Promise<Tls> {
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined && tlsKeyFile === undefined)
    return { cert: own.certPem, key: own.keyPem, caPem: own.caPem };
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    throw new RejectedError(
      'config-invalid',
      'FLOTILLA_TLS_CERT_FILE and FLOTILLA_TLS_KEY_FILE go together: set both or neither.',
    );
  }
  try {
    return { cert: await readFile(tlsCertFile, 'utf8'), key: await readFile(tlsKeyFile, 'utf8'), caPem: null };
  } catch (error) {
    throw new RejectedError('config-invalid', `The TLS certificate or key cannot be read: ${messageOf(error, 200)}.`);
  }
}
