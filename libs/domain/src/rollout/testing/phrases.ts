import type { ClusterUid } from '../../cluster.js';
import type { Millis } from '../model.js';
import { becomeQuiet } from './friendly.js';
import { playPeople, type PeoplePhrase } from './people-phrases.js';
import { TIMES } from './times.js';
import type { World } from './world.js';

/** What people, Git, the network and the hub do, in phrases: single events rarely make a story. */
export type Phrase =
  | { readonly say: 'release'; readonly automatic: boolean; readonly then: Millis }
  | { readonly say: 'releaseThenRollback'; readonly between: Millis; readonly then: Millis }
  | {
      readonly say: 'cutReleaseRollbackRestore';
      readonly share: number;
      readonly between: Millis;
      readonly then: Millis;
    }
  | { readonly say: 'pauseThenRelease'; readonly then: Millis; readonly isResumed: boolean }
  | { readonly say: 'pauseThenRetry'; readonly then: Millis }
  | { readonly say: 'failPauseRetry'; readonly then: Millis }
  | { readonly say: 'cutInFlightRestore'; readonly then: Millis }
  | { readonly say: 'rollbackThenReplay'; readonly between: Millis; readonly then: Millis }
  | { readonly say: 'releaseAfterRelease'; readonly between: Millis; readonly then: Millis }
  | { readonly say: 'rollbackThenPoll'; readonly then: Millis }
  | {
      readonly say: 'cutThenRestore';
      readonly share: number;
      readonly offset: number;
      readonly between: Millis;
      readonly then: Millis;
    }
  | { readonly say: 'releaseAndVanish'; readonly away: Millis; readonly then: Millis }
  | { readonly say: 'vanish'; readonly away: Millis }
  | {
      readonly say:
        | 'pause'
        | 'resume'
        | 'accept'
        | 'retry'
        | 'rollback'
        | 'cancel'
        | 'poll'
        | 'lift'
        | 'replayOutbox'
        | 'repeatReports'
        | 'join';
    }
  | PeoplePhrase
  | { readonly say: 'skip' | 'leave' | 'end' | 'ahead'; readonly who: number }
  | { readonly say: 'wait'; readonly ms: Millis };

const ann = { actor: 'token:ann' } as const;

/** @throws Error when an oracle finds an invariant broken. */
export function play(world: World, phrase: Phrase): void {
  switch (phrase.say) {
    case 'release':
      release(world, phrase.automatic);
      world.advance(phrase.then);
      return;
    case 'releaseAfterRelease':
      release(world, false);
      world.advance(phrase.between);
      release(world, true);
      world.advance(phrase.then);
      return;
    case 'releaseThenRollback':
      release(world, false);
      world.advance(phrase.between);
      world.take({ type: 'rollback', ...ann });
      world.advance(phrase.then);
      return;
    case 'cutReleaseRollbackRestore': {
      // Cut after the assignment went out and before the agents read it.
      const cut = some(world, phrase.share, 0);
      release(world, false);
      world.cut(cut);
      world.advance(phrase.between);
      world.take({ type: 'rollback', ...ann });
      world.advance(1000);
      world.reconnect(cut);
      world.advance(phrase.then);
      return;
    }
    case 'pauseThenRelease':
      world.take({ type: 'pause', ...ann });
      release(world, true);
      world.advance(phrase.then);
      if (phrase.isResumed) world.take({ type: 'resume', ...ann });
      world.advance(phrase.then);
      return;
    case 'pauseThenRetry':
      world.take({ type: 'pause', ...ann });
      world.advance(phrase.then);
      world.take({ type: 'retry', ...ann });
      world.advance(phrase.then);
      return;
    case 'failPauseRetry':
      world.take({ type: 'pause', ...ann });
      world.advance(phrase.then);
      becomeQuiet(world);
      world.take({ type: 'retry', ...ann });
      world.advance(phrase.then);
      return;
    case 'rollbackThenReplay':
      release(world, true);
      world.advance(phrase.between);
      world.take({ type: 'rollback', ...ann });
      world.replayOutbox();
      world.advance(phrase.then);
      return;
    case 'cutInFlightRestore': {
      // Assigned, silent until it is deferred, and then all of them at once again.
      release(world, false);
      const cut = [...world.shell.rows.values()].filter(({ state }) => state === 'assigned').map(({ uid }) => uid);
      world.cut(cut);
      world.advance(TIMES.ackTimeoutMs + 1000);
      world.reconnect(cut);
      world.advance(phrase.then);
      return;
    }
    case 'rollbackThenPoll':
      world.take({ type: 'rollback', ...ann });
      world.advance(phrase.then);
      world.poll();
      world.advance(phrase.then);
      return;
    case 'cutThenRestore': {
      const cut = some(world, phrase.share, phrase.offset);
      world.cut(cut);
      world.advance(phrase.between);
      world.reconnect(cut);
      world.advance(phrase.then);
      return;
    }
    case 'releaseAndVanish':
      world.newest += 1;
      world.away(world.startOf(world.newest, true), phrase.away);
      world.advance(phrase.then);
      return;
    case 'vanish':
      world.away(null, phrase.away);
      return;
    case 'wait':
      world.advance(phrase.ms);
      return;
    case 'pause':
    case 'resume':
    case 'retry':
    case 'rollback':
    case 'cancel':
      world.take({ type: phrase.say, ...ann });
      return;
    case 'accept':
      world.take({ type: 'resume', accept: true, ...ann });
      return;
    case 'lift': {
      const [release] = world.shell.header.barred;
      if (release !== undefined) world.take({ type: 'lift', release, ...ann });
      return;
    }
    case 'poll':
      world.poll();
      return;
    case 'replayOutbox':
      world.replayOutbox();
      return;
    case 'repeatReports':
      world.repeatReports();
      return;
    case 'join':
      if (world.clusters.size < 60) world.join();
      world.poll();
      return;
    case 'skip':
    case 'leave':
    case 'end':
    case 'ahead':
      withOne(world, phrase.say, phrase.who);
      return;
    default:
      playPeople(world, phrase);
  }
}

function withOne(world: World, say: 'skip' | 'leave' | 'end' | 'ahead', who: number): void {
  const uids = [...world.placed];
  const uid = uids[who % uids.length];
  if (uid === undefined) return;
  const row = world.shell.rows.get(uid);
  switch (say) {
    case 'skip':
      world.take({ type: 'skip', clusters: [uid], reason: 'it is old', ...ann });
      return;
    case 'leave': {
      const { refused } = world.take({ type: 'removed', clusters: [uid], why: 'left' });
      if (!refused) world.placed.delete(uid);
      return;
    }
    case 'end':
      if (uids.length === 1) return;
      world.take({ type: 'removed', clusters: [uid], why: 'ended' });
      world.placed.delete(uid);
      world.clusters.delete(uid);
      world.shell.presence.delete(uid);
      return;
    case 'ahead':
      if (row) world.take({ type: 'ahead', cluster: uid, generation: row.generation + 2 });
  }
}

function release(world: World, automatic: boolean): void {
  world.newest += 1;
  world.poll(automatic);
}

function some(world: World, share: number, offset: number): ClusterUid[] {
  const uids = [...world.clusters.keys()];
  const count = Math.ceil(uids.length * share);
  return uids.map((_, index) => uids[(index + offset) % uids.length] ?? '').slice(0, count);
}
