import { openAgentBus } from '#bus';
import type { Manifest, Withdrawal } from '#domain';
import { type Logger, messageOf, RetryableError } from '#kit';
import { Discovery, makeSecretMarks, RecordStore, sleep } from '#kube';
import { systemClock } from '#ports';
import {
  type Agent,
  type AgentOptions,
  type AgentTiming,
  type BusIdentity,
  defaultTiming,
  type OpenedBus,
} from './agent-options.js';
import { beginBoot, storeManifest } from './agent-state-store.js';
import { Applications } from './applications.js';
import { Backoff, detach, jittered } from './common.js';
import { OwnSecrets } from './own-secrets.js';
import { Asks } from './steps/answer/asks.js';
import { KindWatches } from './steps/apply/kind-watches.js';
import { ManifestKeeper } from './steps/fetch/manifest-keeper.js';
import { verifyManifest } from './steps/fetch/verify-manifest.js';
import { type Facts, readFacts } from './steps/join/facts.js';
import { saveTrust } from './steps/join/identity.js';
import { obtainIdentity } from './steps/join/join.js';
import { Pins, trustOfAnswer } from './steps/join/pins.js';
import { CredentialKeeper } from './steps/renew/credential-keeper.js';
import { ApisTeller } from './steps/report/apis-teller.js';
import { HeartbeatSender } from './steps/report/heartbeat.js';
import { ReportOutbox } from './steps/report/report-outbox.js';
import { WithdrawalTeller } from './steps/withdraw/withdrawal-teller.js';

/**
 * Starts one agent. Resolves when it has an identity (joining the hub where there is none) and enforces what it last accepted;
 * the bus is connected in the background, so that a hub that is away holds nothing up. Many may run in one process.
 * @throws RejectedError when the hub refuses the join: its token is spent, expired or unknown.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { kube, hub, version, logger, namespace = 'flotilla-system', mode = 'apply' } = options;
  const { clock = systemClock, random = Math.random, openBus = natsOpener(logger) } = options;
  const reach = options.namespaces ?? null;
  const timing: AgentTiming = { ...defaultTiming, ...options.timing };
  const stopping = new AbortController();
  const giveUp = (): void => stopping.abort();
  options.signal?.addEventListener('abort', giveUp, { once: true });
  if (options.signal?.aborted === true) giveUp();
  const backoff = (): Backoff => new Backoff(timing.retryMs, timing.retryMaxMs, random, stopping.signal);
  const warned = (what: string) => (error: Error, waitMs: number) => {
    logger.warn({ why: messageOf(error, 300), waitMs }, what);
  };

  const secrets = new OwnSecrets(kube, namespace);
  let facts: Facts = {};
  const learnFacts = async (): Promise<Facts> => (facts = await readFacts(kube, reach));
  const identity = await obtainIdentity({ secrets, hub, version, facts: learnFacts, backoff: backoff(), logger });
  const { cluster } = identity.joined;
  const told = identity.trust ?? identity.joined.trust;
  const pins = new Pins(told ?? trustOfAnswer(identity.joined), told !== undefined, (trust) =>
    saveTrust(secrets, trust),
  );
  const keys = (): ReturnType<Pins['keys']> => pins.keys();
  const credentials = new CredentialKeeper({ identity, secrets, hub, pins, clock, random, logger, backoff: backoff() });

  const records = new RecordStore(kube, namespace);
  const [{ boot, envelope }, remembered] = await backoff().until(
    () =>
      Promise.all([
        beginBoot(secrets, identity.joined.boots ?? 0),
        mode === 'apply' ? records.loadAll() : { records: [], broken: [] },
      ]),
    warned("the agent's own records cannot be read yet; trying again"),
  );
  if (remembered.broken.length > 0)
    logger.error({ secrets: remembered.broken }, 'records that cannot be read are left alone');
  const held = heldManifest(envelope, cluster, pins);

  const bus = openBus(busIdentity(credentials, pins, identity.seed));
  let seq = 0;
  const nextSeq = (): number => (seq += 1);
  const outbox = new ReportOutbox({ bus: () => bus, backoff, nextSeq, logger });
  const watches = new KindWatches({ kube, random, logger, idleMs: timing.watchIdleMs });
  const isInstant = mode === 'instant';
  const tellApis = (digest: string, isLater: boolean): void => {
    if (heartbeat.setApis(digest) && isLater) heartbeat.send();
  };
  const apis: ApisTeller = new ApisTeller({ kube, tell: tellApis, logger });
  const discovery = new Discovery(kube, () => apis.soon());
  const applications: Applications = new Applications(
    {
      cluster,
      boot,
      namespace,
      reach,
      kube,
      discovery,
      watches,
      records,
      leaving: () => applications.leaving,
      outbox,
      nextSeq,
      fetchBundle: async ({ digest, chunks, spread, signal }) => {
        if (spread) await sleep(random() * timing.reconnectSpreadMs, AbortSignal.any([signal, stopping.signal]));
        if (signal.aborted) throw new RetryableError('superseded', 'A newer assignment came.');
        return await bus.fetchBundle(digest, chunks);
      },
      isInstant,
      clock,
      random,
      timing,
      logger,
    },
    records,
    logger,
  );
  applications.restore(remembered.records, held);

  const withdrawal = (): Withdrawal | null => applications.withdrawal(remembered.broken);
  const withdrawing = new WithdrawalTeller(withdrawal, () => heartbeat.send());
  const heartbeat: HeartbeatSender = new HeartbeatSender({
    cluster,
    boot,
    version,
    bus,
    random,
    sequence: () => manifests.sequence,
    withdrawal,
    trust: () => pins.stored,
    everyMs: () => timing.heartbeatMs ?? credentials.answer.heartbeatMs,
  });
  const manifests: ManifestKeeper = new ManifestKeeper({
    cluster,
    pins,
    bus,
    applications,
    held,
    store: async (bytes) => {
      if (!isInstant) await storeManifest(secrets, bytes);
      // The hub waits for nothing but this.
      if (await pins.store()) heartbeat.send();
    },
    onLooked: () => {
      withdrawing.look();
      heartbeat.send();
    },
    everyMs: timing.manifestMs,
    backoff: backoff(),
    random,
    logger,
  });

  const refreshFacts = async (): Promise<void> => {
    const [learnt] = await Promise.all([learnFacts().catch(() => facts), isInstant ? undefined : apis.look()]);
    heartbeat.setFacts(learnt);
  };
  const asks = new Asks({
    cluster,
    keys,
    bus,
    inspect: (application) => applications.inspect(application),
    kube,
    discovery,
    namespace,
    reach,
    mark: makeSecretMarks(identity.seed),
    isInstant,
    logger,
  });
  bus.onAsk((envelope) => asks.take(envelope));
  bus.onNudge(() => {
    // It may be that the hub has only just taken this cluster in again, and knows nothing of it yet.
    heartbeat.tellFactsAgain();
    manifests.look('nudge');
  });
  bus.onReconnect(() => {
    heartbeat.tellFactsAgain();
    outbox.resendAll();
    applications.resume();
    manifests.look('reconnect');
  });
  credentials.start(bus);
  const begin = async (): Promise<void> => {
    // The first heartbeat tells the facts, but an API server that is slow to tell them is not waited for.
    await Promise.all([bus.ready, Promise.race([refreshFacts(), sleep(1_000, stopping.signal)])]);
    if (stopping.signal.aborted) return;
    outbox.resendAll();
    manifests.look('start');
  };
  detach(begin(), logger);
  const factsTimer = setInterval(() => detach(refreshFacts(), logger), jittered(timing.verifyMs, random));
  factsTimer.unref();

  const stop = async (): Promise<void> => {
    stopping.abort();
    options.signal?.removeEventListener('abort', giveUp);
    clearInterval(factsTimer);
    asks.close();
    apis.close();
    manifests.close();
    withdrawing.close();
    heartbeat.close();
    credentials.close();
    applications.close();
    watches.close();
    outbox.close();
    await bus.close();
  };
  return {
    cluster,
    state: () => ({
      connected: bus.connected(),
      sequence: manifests.sequence,
      boot,
      applications: applications.state(),
    }),
    stop,
  };
}

/** What was accepted before the start, as far as it still verifies. */
function heldManifest(envelope: Uint8Array | null, cluster: string, pins: Pins): Manifest | null {
  if (envelope === null) return null;
  const held = { keys: pins.keys(), heldTrust: pins.generation, heldSequence: 0 };
  const verified = verifyManifest(envelope, { cluster, ...held });
  if (!verified.ok) return null;
  // Ended between storing the manifest and storing what it tells.
  if (verified.manifest.trust) pins.adopt(verified.manifest.trust);
  return verified.manifest;
}

function busIdentity(credentials: CredentialKeeper, pins: Pins, seed: string): BusIdentity {
  return {
    cluster: credentials.answer.cluster,
    // A renewal may tell of other ones.
    get urls() {
      return credentials.answer.nats.urls;
    },
    ca: () => pins.busCa(),
    seed,
    credential: () => credentials.answer.credential,
    onAuthExpired: () => credentials.expired(),
  };
}

/** The bus that an agent opens unless it is given another: NATS. */
export function natsOpener(logger: Logger): (identity: BusIdentity) => OpenedBus {
  return (identity) => {
    const { cluster, ca, seed, credential, onAuthExpired } = identity;
    const url = (): string => identity.urls.join(',');
    return openAgentBus({ url, cluster, credential, seed, caPem: ca, log: logger, onAuthExpired });
  };
}
