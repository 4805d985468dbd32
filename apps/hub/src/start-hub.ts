import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { connectHubBus, openBusKeys, startEmbeddedNats } from '#bus';
import {
  createMetrics,
  findProgram,
  helm,
  FlotillaError,
  kustomize,
  lockDataFolder,
  messageOf,
  natsServer,
  RetryableError,
  requireFreePort,
  stopStaleChildren,
  type Logger,
} from '#kit';
import { systemClock, type Clock, type Store } from '#ports';
import { openRenderer } from '#render';
import { openChartSource, openGitSource } from '#source';
import { migrate, openStore, startEmbeddedPostgres } from '#store';
import type { HubConfig } from './hub.config.js';
import { busKeysOf } from './installation/bus-keys.js';
import { readLoginSettings } from './http/login/login.config.js';
import { GitCredentials } from './installation/git-credentials.js';
import { openSecretBox } from './installation/secret-box.js';
import { firstAdmin } from './installation/first-admin.js';
import { splitList } from './installation/hub-hosts.js';
import type { HubParts, HubSettings } from './parts.js';
import { serve } from './serve.js';
import { SteadyClock } from './steps/advance/steady-clock.js';
import { openManifestSigner } from './steps/assign/open-manifest-signer.js';
import { ServedCertificates } from './trust/served-certificates.js';

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
 * Starts a hub with whatever it needs that is not given: PostgreSQL, nats-server, keys, certificates. When `signal` aborts, what
 * has begun ends again, and the promise rejects.
 * @throws RejectedError, one sentence, for a port that is taken, a program that is missing, a data folder that can't be used.
 */
export async function startHub(
  config: HubConfig,
  log: Logger,
  signal?: AbortSignal,
  clock: Clock = systemClock,
): Promise<RunningHub> {
  const closers = new Closers();
  try {
    return await start({ config, log, clock: new SteadyClock(clock) }, closers, () => signal?.throwIfAborted());
  } catch (error) {
    await closers.closeAll(log);
    throw error;
  }
}

async function start(
  { config, log, clock }: { readonly config: HubConfig; readonly log: Logger; readonly clock: SteadyClock },
  closers: Closers,
  /** Throws when the start is to end here. */
  goOn: () => void,
): Promise<RunningHub> {
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

  const certificates = await ServedCertificates.open(config, data.folder, log);
  await mkdir(folder('keys'), { recursive: true, mode: 0o700 });
  const keys = await openBusKeys(busKeysOf(config, folder('keys')));
  const say = { info: (line: string) => log.info(line) };
  // A child that dies takes the hub with it: whoever supervises the hub starts both anew, and nothing is lost.
  const died = (name: string) => (): void => {
    log.fatal({ child: name }, `${name} ended by itself; the hub stops too`);
    // Nobody wished for this end: a supervisor must not take it for one.
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  };

  const kustomizeProgram = await findProgram(kustomize, { log: say });
  const natsProgram = config.natsUrl === undefined ? await findProgram(natsServer, { log: say }) : null;
  goOn();
  const [databaseUrl = '', nats = ''] = await all([
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
      const server = await startEmbeddedNats({
        folder: folder('nats'),
        program: natsProgram?.path ?? '',
        keys,
        certificates: certificates.own,
        pidFolder,
        host: config.natsHost,
        ...(config.natsPort !== undefined && { port: config.natsPort }),
        portSetting: 'FLOTILLA_NATS_PORT',
        onExit: died('nats-server'),
        log,
      });
      closers.add(() => server.stop());
      certificates.onChange(() => server.reload());
      pids['nats'] = server.pid;
      return server.url;
    })(),
  ]);

  goOn();
  const { migrationsDatabaseUrl } = config;
  await migrate(
    migrationsDatabaseUrl === undefined ? { url: databaseUrl } : { url: migrationsDatabaseUrl, hubUrl: databaseUrl },
  );
  const store = await openStore({ url: databaseUrl, poolSize: config.databasePool, log });
  closers.add(() => store.close());

  certificates.watchBus(nats);
  const bus = await connectHubBus({ url: nats, keys, caPem: () => certificates.busCa, log }).catch(
    (error: unknown): never => {
      if (config.natsUrl === undefined || !(error instanceof FlotillaError) || error.kind === 'bug') throw error;
      throw new RetryableError(
        error.code,
        `${error.message.replace(/\.$/, '')}: start that server, or correct NATS_URL.`,
      );
    },
  );
  closers.add(() => bus.close());
  goOn();

  const { secretsKeyFile } = config;
  const box = await openSecretBox(secretsKeyFile ?? folder('keys/secrets.key'), secretsKeyFile === undefined);
  const credentials = new GitCredentials(store, box);
  const git = openGitSource({
    folder: folder('mirrors'),
    allowLocal: config.allowLocalSources,
    allowLocalAddresses: config.sourcesAllowLocalAddresses,
    credentials: (name) => credentials.read(name),
    log,
  });
  closers.add(() => git.close());
  const charts = openChartSource({
    folder: folder('charts'),
    allowLocalAddresses: config.sourcesAllowLocalAddresses,
    credentials: (name) => credentials.read(name),
    log,
  });
  closers.add(() => charts.close());
  // Found, or built, when a chart is first rendered: most fleets have none.
  const findHelm = (): ReturnType<typeof findProgram> => findProgram(helm, { log: say });
  const renderer = openRenderer({ kustomizePath: kustomizeProgram.path, findHelm, scratchFolder, log });

  const signer = await openManifestSigner(config, folder('keys/manifest-key.pem'), log);
  closers.add(() => signer.close());
  const settings: HubSettings & { publicUrl: string } = {
    // Known once it listens, where any free port is taken.
    publicUrl: '',
    get caPem() {
      return certificates.httpsCa;
    },
    natsUrls: splitList(config.natsPublicUrl ?? nats),
    get natsCaPem() {
      return certificates.busCa;
    },
    heartbeatMs: config.heartbeatMs,
    agentImage: config.agentImage,
    scratchFolder,
    renderConcurrency: config.renderConcurrency,
    gatesAllowLocal: config.gatesAllowLocal,
    login: await readLoginSettings(config),
    webFolder: path.resolve(config.webFolder),
    ...fleetOf(config),
  };
  const parts: Omit<HubParts, 'settings'> = {
    store,
    bus,
    git,
    charts,
    credentials,
    box,
    renderer,
    clock,
    signer,
    certificates,
    log,
    metrics: createMetrics({ processMetrics: true }),
  };
  const server = await serve({ config, parts, settings });
  closers.add(() => server.close());
  goOn();
  const tellAdmin = (): Promise<void> =>
    firstAdmin({ store, clock, file: folder('admin.json'), url: server.url, caPem: certificates.httpsCa });
  await tellAdmin();
  certificates.onChange(tellAdmin);
  return { url: server.url, caPem: certificates.httpsCa, store, pids, stop: () => closers.closeAll(log) };
}

function fleetOf({
  fleetSource: url,
  fleetRef: ref,
  fleetPath,
  fleetCredential: credential,
}: HubConfig): Partial<Pick<HubSettings, 'fleet'>> {
  if (url === undefined) return {};
  const named = { ...(ref !== undefined && { ref }), ...(credential !== undefined && { credential }) };
  return { fleet: { url, path: fleetPath, ...named } };
}

/** As Promise.all, but what has begun is waited for before the first failure is told: else nobody would ever end it. */
async function all<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(parts);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
