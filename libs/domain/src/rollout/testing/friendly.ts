import type { ApplicationHeader } from '../model.js';
import { sideOf } from '../gate-state.js';
import type { World } from './world.js';

const ann = { actor: 'token:ann' } as const;
const QUIET_STEP_MS = 600_000;

/** Nobody does anything: each rollout ends, or says what holds it or which person or server it waits for, whatever the clusters do. */
export function becomeQuiet(world: World): void {
  for (let round = 0; round < 60; round += 1) {
    if (world.shell.header.rollout?.state !== 'running' || waitsForPerson(world)) return;
    world.advance(QUIET_STEP_MS);
  }
  throw new Error('invariant 5: a rollout neither ends nor holds in hours in which nothing is done');
}

/** Something that time alone does not bring: a hold, a freeze, a gate, a cluster that passed and says progressing for ever. */
export function waitsForPerson({ shell, isFrozen }: World): boolean {
  const { rollout } = shell.header;
  const wave = rollout?.waves[rollout.wave];
  if (!rollout || rollout.holds.length > 0 || (isFrozen && rollout.kind !== 'rollback')) return true;
  return wave !== undefined && (sideOf(wave.phase) !== null || wave.unsteady > 0);
}

/** All clusters heal and a person takes the documented exits: everything ends, and a new release succeeds. */
export function becomeFriendly(world: World): void {
  world.heal();
  for (const uid of world.clusters.keys()) world.hold(uid, false);
  world.freeze(null);
  world.advance(30_000);
  exits(world);
  if (world.placed.size === 0) return;
  world.newest += 1;
  world.poll(false);
  exits(world);
  const { rollout } = world.shell.header;
  if (rollout?.release !== world.newest)
    throw new Error(
      `invariant 5: release ${world.newest} is not what was rolled out last, but ${rollout?.release ?? 'nothing'}`,
    );
  if (rollout.state !== 'succeeded')
    throw new Error(`invariant 5: in a world where all is well ${rollout.id} is ${rollout.state}`);
}

function exits(world: World): void {
  for (let round = 0; round < 120; round += 1) {
    const { header } = world.shell;
    if (header.rollout?.state !== 'running') {
      if (!header.queued) return;
      world.poll();
    } else {
      takeExit(world, header);
    }
    world.advance(120_000);
  }
  throw new Error(
    `invariant 5: with everything healed and every exit taken ${world.shell.header.rollout?.id ?? ''} does not end`,
  );
}

/** What `why` offers for it. */
function takeExit(world: World, { rollout }: ApplicationHeader): void {
  if (!rollout) return;
  if (rollout.holds.length > 0) {
    world.take({ type: 'retry', ...ann });
    const accept = rollout.holds.some(({ code }) => code === 'deletions');
    world.take({ type: 'resume', ...(accept && { accept }), ...ann });
  }
  const wave = rollout.waves[rollout.wave];
  if (!wave || sideOf(wave.phase) === null) return;
  for (const actor of ['token:bob', 'token:cho']) world.take({ type: 'approve', actor });
}
