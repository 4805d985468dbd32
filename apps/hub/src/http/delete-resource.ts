import { sourceNamesOf } from '#contract';
import { RejectedError } from '#kit';
import type { ResourceKind, Unit } from '#ports';
import { writeWaitingPause } from '../steps/advance/waiting-pause.js';
import { refuseByHand, writeDeclared } from '../declared/declared-objects.js';
import { notFound } from './access/refusals.js';
import { audit } from './audit.js';

/**
 * Deletes a declared object within the caller's transaction. Objects of an application that is deleted stay in the clusters:
 * nothing enforces them any more. Those that a Fleet declared stay as they are when it is deleted.
 * @throws RejectedError `not-found`, `in-use`, `declared-in-git`.
 */
export async function deleteResource(
  unit: Unit,
  { kind, name }: { readonly kind: ResourceKind; readonly name: string },
  {
    now,
    caller,
    reason,
  }: { readonly now: number; readonly caller: { readonly actor: string }; readonly reason?: string },
): Promise<void> {
  if (kind === 'Application') await unit.rollouts.lock(name);
  if (kind === 'Source' || kind === 'Strategy') await refuseWhileUsed(unit, kind, name);
  await refuseByHand(unit, caller.actor, { kind, name });
  if (!(await unit.resources.delete(kind, name))) throw notFound(kind, name);
  if (kind === 'Application') {
    await unit.rollouts.forget(name);
    await writeWaitingPause(unit, name, null);
  }
  if (kind === 'Fleet') await writeDeclared(unit, null);
  await audit(unit, { now, caller }, 'delete', `${kind}/${name}`, { reason });
}

async function refuseWhileUsed(unit: Unit, kind: 'Source' | 'Strategy', name: string): Promise<void> {
  const applications = await unit.resources.list('Application');
  const users =
    kind === 'Source'
      ? [
          ...(await unit.resources.list('Fleet')).filter(({ spec }) => spec['source'] === name),
          ...applications.filter(({ spec }) => sourceNamesOf(spec).has(name)),
        ]
      : applications.filter(({ spec }) => spec['strategy'] === name);
  const [first] = users;
  if (!first) return;
  const others = users.length > 1 ? ` and ${users.length - 1} more` : '';
  throw new RejectedError(
    'in-use',
    `${kind} "${name}" is used by ${first.kind} "${first.name}"${others}: point them elsewhere first`,
    { status: 409 },
  );
}
