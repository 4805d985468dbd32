import type { Hold } from '../hold.js';
import type { ApplicationHeader, Rollout } from './model.js';

/**
 * What a person can do about a rollout, as commands.
 * @param holds what it waits for, stored and derived.
 */
export function remedies(rollout: Rollout, header: ApplicationHeader | null, holds: readonly Hold[]): string[] {
  if (header === null) return [];
  const command = (verb: string): string => `flotilla rollout ${verb} ${header.application}`;
  if (rollout.state !== 'running') {
    if (rollout.kind !== 'rollback') return [command('rollback')];
    return header.barred.includes(rollout.release) ? [`${command('lift')} ${rollout.release}`] : [];
  }
  const stored = storedRemedies(rollout, command);
  const can = rollout.holds.length > 0 ? stored : waitRemedies(rollout, holds, command);
  if (rollout.holds.length === 0) can.push(command('pause'));
  if (rollout.kind !== 'rollback') can.push(command('rollback'));
  return [...can, command('cancel')];
}

function storedRemedies(rollout: Rollout, command: (verb: string) => string): string[] {
  const codes = new Set(rollout.holds.map(({ code }) => code));
  const wave = rollout.waves[rollout.wave]?.name;
  const isOver = codes.has('failures') || codes.has('unreachable');
  const asks = codes.has('deletions') && (rollout.drops?.length ?? 0) > 0 && !rollout.deletionsAccepted;
  const can: string[] = [];
  if (codes.size > 0 && !isOver && !asks && !codes.has('noEvidence')) can.push(command('resume'));
  if (isOver || codes.has('noEvidence')) can.push(command('retry'));
  if ((isOver || asks) && !codes.has('noEvidence')) can.push(`${command('resume')} --accept`);
  if (codes.has('noEvidence')) can.push(`${command('skip')} --cluster NAME --reason WHY`);
  if (wave !== undefined && (codes.has('noEvidence') || codes.has('gate') || isOver)) can.push(skipWave(command, wave));
  return can;
}

function waitRemedies(rollout: Rollout, holds: readonly Hold[], command: (verb: string) => string): string[] {
  const codes = new Set(holds.map(({ code }) => code));
  const wave = rollout.waves[rollout.wave];
  const can: string[] = [];
  if (codes.has('approval')) can.push(command('approve'), `${command('reject')} --reason WHY`);
  if (codes.has('schedule') || codes.has('soak')) can.push(command('promote'));
  if (codes.has('freeze')) can.push('flotilla unfreeze');
  const isStuck = codes.has('webhook') || codes.has('metric') || codes.has('window') || codes.has('schedule');
  if (wave && (isStuck || (codes.has('soak') && wave.unsteady > 0))) can.push(skipWave(command, wave.name));
  return can;
}

function skipWave(command: (verb: string) => string, wave: string): string {
  return `${command('skip')} --wave ${wave} --reason WHY`;
}
