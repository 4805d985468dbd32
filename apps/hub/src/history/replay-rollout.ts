import { Replay, type EngineCheckpoint, type EngineState, type LogEntry, type Millis, type ReplayProof } from '#domain';
import { RejectedError, RetryableError } from '#kit';
import type { Store } from '#ports';

/** Steps of one page: few enough that the hub goes on with its work between two pages. */
const PAGE = 100;
const ATTEMPTS = 3;

/** The state of an application within the time of one rollout. */
export interface PastState extends EngineState {
  /** The last step taken until then. */
  readonly step: number;
}

/**
 * The header and all rows as they were at `at`, milliseconds since the epoch by the hub's clock: those of the rollout are the rows
 * whose `rollout` it is. After its end it is what its application was until the next rollout began. 10,000 targets with all their
 * reports take some seconds.
 * @throws RejectedError `unknown-rollout`, `not-logged`, `not-begun`, `not-replayable`.
 */
export async function stateAt(store: Store, rollout: string, at: Millis): Promise<PastState> {
  const replay = new Replay(await checkpointOf(store, rollout));
  await takeSteps(store, rollout, replay, (entry) => replay.isWithin(entry, at));
  const { header, rows, fault } = replay;
  if (fault !== null) throw new RejectedError('not-replayable', `${rollout}: ${fault.message}`, { status: 409 });
  if (header.rollout?.id !== rollout) {
    throw new RejectedError('not-begun', `at: ${rollout} had not begun at ${new Date(at).toISOString()}.`, {
      status: 404,
    });
  }
  return { step: header.version, header, rows };
}

/**
 * Proves that the logged steps of a rollout reproduce what is stored, byte for byte: the present header and rows, or, where the
 * next rollout began since, what it began upon, or, where the application was deleted, what there was then.
 * @throws RejectedError `unknown-rollout`, `not-logged`.
 */
export async function verifyRollout(store: Store, rollout: string): Promise<ReplayProof> {
  const checkpoint = await checkpointOf(store, rollout);
  const stored = await storedState(store, rollout, checkpoint);
  const replay = new Replay(checkpoint);
  // Steps that were taken since the stored state was read are the next proof's.
  await takeSteps(store, rollout, replay, ({ step }) => step <= stored.header.version);
  return replay.compare(stored);
}

async function checkpointOf(store: Store, rollout: string): Promise<EngineCheckpoint> {
  const found = await store.read.rollouts.checkpointOf(rollout);
  if (found !== null) return found;
  const { application, number } = partsOf(rollout);
  if ((await store.read.rollouts.rollout(application, number)) === null) {
    throw new RejectedError('unknown-rollout', `There is no rollout ${rollout}.`, { status: 404 });
  }
  throw new RejectedError(
    'not-logged',
    `${rollout} began before the engine's steps were logged: it can't be replayed.`,
    { status: 409 },
  );
}

async function takeSteps(
  store: Store,
  rollout: string,
  replay: Replay,
  isWanted: (entry: LogEntry) => boolean,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await store.read.rollouts.steps(rollout, { limit: PAGE, ...(after !== undefined && { after }) });
    for (const entry of page.items) {
      if (!isWanted(entry) || replay.take(entry)) return;
    }
    after = page.next;
  } while (after !== undefined);
}

/** What the steps are to lead to. */
async function storedState(store: Store, rollout: string, checkpoint: EngineCheckpoint): Promise<EngineState> {
  const { application } = checkpoint;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const present = await presentState(store, application);
    if (present?.header.rollout?.id === rollout) return present;
    const next = await store.read.rollouts.checkpointAfter(application, checkpoint.step);
    if (next !== null) return next;
    // The next one began between the two looks, or the application came and went: look again.
  }
  throw new RetryableError(
    'changing',
    `${application} changed again and again while ${rollout} was looked at: try again.`,
  );
}

/** Header and rows of one moment; nobody else's step comes between them. */
async function presentState(store: Store, application: string): Promise<EngineState | null> {
  return store.transact(async (unit) => {
    if ((await unit.rollouts.header(application)) === null) return null;
    const header = await unit.rollouts.lock(application);
    const rows = await unit.rollouts.rows(application, { all: true });
    return { header, rows: rows.map(({ row }) => row) };
  });
}

function partsOf(rollout: string): { readonly application: string; readonly number: number } {
  const dash = rollout.lastIndexOf('-');
  const number = Number(rollout.slice(dash + 1));
  // What is no number of a rollout is the number of none.
  return {
    application: rollout.slice(0, Math.max(0, dash)),
    number: Number.isInteger(number) && number < 2 ** 31 ? number : 0,
  };
}
