import { RejectedError } from '#kit';
import type { Kube } from '#ports';
import { apiError, callKube, isSuccess, sleep } from '../apply/api-error.js';
import { refKey, refTitle } from '../apply/object-ref.js';
import { type Deletion, deleteObjects } from '../apply/prune-objects.js';
import { answered } from './cluster-objects.js';
import type { Installation, OwnObject } from './inspect-installation.js';
import { strangersIn } from './strangers.js';
import { isContainer, type KeptObject, whyContainerStays, type WorkloadRemoval } from './plan-workload-removal.js';

export interface UninstallOptions {
  readonly kube: Kube;
  readonly installation: Installation;
  /** Null: the workloads stay. */
  readonly workloads: WorkloadRemoval | null;
  /** Told of each step when it is done. */
  readonly onStep: (what: string) => void;
  readonly signal: AbortSignal;
  /** How long Pods and namespaces may take to go, ms; a minute unless told. */
  readonly goneWithinMs?: number;
}

/**
 * Takes an agent out of its cluster. It stops first and loses its rights next, so that it puts nothing back; what it recorded goes
 * last, so that a removal which was cut short can be gone on with.
 * @throws RejectedError `workloads-left` when some could not be deleted: the records are still there; `kube-forbidden`.
 */
export async function uninstallAgent(options: UninstallOptions): Promise<{ readonly kept: readonly KeptObject[] }> {
  const { kube, installation, workloads, onStep, signal } = options;
  const { deployment, rights, records, ownNamespace, strangers, kinds } = installation;
  const goOn = (): void => {
    if (signal.aborted) throw new RejectedError('interrupted', 'Interrupted; run it again to go on.');
  };
  goOn();
  if (deployment !== null) {
    await remove(kube, deployment, 'Foreground');
    const isGone = await untilGone(options, deployment);
    onStep(isGone ? 'the agent has stopped' : 'the agent was told to stop, and its Pod is not gone yet');
  }
  goOn();
  for (const right of rights) await remove(kube, right);
  if (rights.length > 0) onStep('its rights are gone');
  const kept = workloads === null ? [] : await removeWorkloads(options, workloads);
  goOn();
  for (const record of records) await remove(kube, record);
  if (records.length > 0) onStep('its account and its records are gone');
  if (ownNamespace !== null && strangers.length === 0) {
    const expected = new Set([...rights, ...records].map(({ path }) => path));
    // Somebody may have put something in since it was looked at.
    const late = await strangersIn(kube, kinds, installation.namespace, (_ref, path) => expected.has(path));
    if (late.length > 0) {
      kept.push({ ref: ownNamespace.ref, why: `there is more in it: ${late.slice(0, 3).join(', ')}` });
      return { kept };
    }
    await remove(kube, ownNamespace);
    const isGone = await untilGone(options, ownNamespace);
    onStep(`namespace ${ownNamespace.ref.name} ${isGone ? 'is gone' : 'is going away'}`);
  }
  return { kept };
}

async function removeWorkloads(
  { kube, installation, onStep, signal }: UninstallOptions,
  workloads: WorkloadRemoval,
): Promise<KeptObject[]> {
  const kept: KeptObject[] = [];
  const going = new Map(workloads.deletions.flat().map((deletion) => [refKey(deletion.entry), deletion]));
  let count = 0;
  for (const group of workloads.deletions) {
    const due: Deletion[] = [];
    for (const deletion of group) {
      // Somebody may have put something in since it was looked at.
      const why = isContainer(deletion.entry) ? await whyContainerStays(kube, installation, deletion, going) : null;
      if (why === null) due.push(deletion);
      else kept.push({ ref: deletion.entry, why });
    }
    const { deleted, errors } = await deleteObjects({ kube, signal }, { deletions: [due] });
    count += deleted.length;
    if (errors.length > 0) {
      const shown = errors.slice(0, 5).map(({ ref, message }) => `${refTitle(ref)}: ${message}`);
      throw new RejectedError(
        'workloads-left',
        `${errors.length} objects could not be deleted: ${shown.join('; ')}. The agent is gone and its record is still there: mend it and run the same again.`,
      );
    }
  }
  onStep(`${count} objects of its applications are deleted`);
  return kept;
}

async function remove(kube: Kube, { ref, path }: OwnObject, propagationPolicy = 'Background'): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy };
  const answer = await callKube(kube, { method: 'DELETE', path, body });
  // 409: it is going away already.
  if (answer.status !== 404 && answer.status !== 409) answered(answer, `delete ${refTitle(ref)}`);
}

async function untilGone(
  { kube, signal, goneWithinMs = 60_000 }: UninstallOptions,
  { path }: OwnObject,
): Promise<boolean> {
  const deadline = performance.now() + goneWithinMs;
  for (let wait = 100; performance.now() < deadline && !signal.aborted; wait = Math.min(wait * 2, 2_000)) {
    const answer = await callKube(kube, { method: 'GET', path });
    if (answer.status === 404) return true;
    if (!isSuccess(answer) && !apiError(answer).transient) return false;
    await sleep(wait, signal);
  }
  return false;
}
