import { formatDuration } from '../duration.js';
import type { Hold } from '../hold.js';
import { isFrozen, nextZoneOpening, openZones } from './may-assign.js';
import type { ApplicationHeader, Freeze, Millis, Rollout, WaveProgress } from './model.js';
import { activeTime } from './need.js';
import { inFlight, isOpened, keepsLaterClosed, openDeferrals } from './wave-counters.js';
import { gateHolds } from './why-gates.js';
import { clusters, localTime, personOf } from './why-text.js';

/**
 * Everything that the present rollout waits for: its stored holds, which stop assignment, then what only explains (freeze,
 * gates, windows, soak, in flight, queued, barred).
 * @param freeze the fleet's, if there is one.
 */
export function deriveHolds(header: ApplicationHeader, now: Millis, freeze: Freeze | null = null): readonly Hold[] {
  const { rollout } = header;
  const holds: Hold[] = [];
  if (rollout?.state === 'running') {
    holds.push(...rollout.holds);
    if (isFrozen(rollout.kind, freeze, now)) holds.push(freezeHold(freeze, now));
    holds.push(...waitsOf(rollout, header, now));
  }
  if (header.queued) {
    const { release, since } = header.queued;
    holds.push({ code: 'queued', message: `release ${release} waits for rollout ${rollout?.id ?? ''} to end`, since });
  }
  if (rollout?.kind === 'rollback' && header.barred.includes(rollout.release)) {
    holds.push({
      code: 'barred',
      message: `release ${rollout.release} is barred until a person lifts it`,
      since: rollout.startedAt,
    });
  }
  return holds;
}

export function freezeHold({ by, reason, since, until }: Freeze, now: Millis): Hold {
  const end = until === undefined ? 'until somebody unfreezes it' : `for another ${formatDuration(until - now)}`;
  const message = `the fleet is frozen by ${personOf(by)} ${end}: ${reason}`;
  return { code: 'freeze', message, since, ...(until !== undefined && { clearsAt: until }) };
}

function waitsOf(rollout: Rollout, header: ApplicationHeader, now: Millis): Hold[] {
  const wave = waitingWave(rollout);
  if (!wave) return [];
  const since = wave.openedAt ?? rollout.startedAt;
  const holds: Hold[] = rollout.holds.length === 0 ? gateHolds(wave, now) : [];
  if (rollout.holds.length === 0) holds.push(...windowHolds(rollout, now));
  holds.push(...earlierHolds(rollout, wave, since));
  const flying = inFlight(wave);
  if (flying > 0) {
    const message = `${clusters(flying)} of wave ${wave.name} ${flying === 1 ? 'is' : 'are'} in flight, ${wave.maxConcurrency} may be at once`;
    holds.push({ code: 'inFlight', message, since });
  }
  if (wave.phase === 'soaking') holds.push(soakHold(wave, header, now));
  if (wave.counts.deferred > 0 && rollout.holds.length === 0) {
    holds.push({ code: 'deferred', message: deferredText(wave), since });
  }
  return holds;
}

/** The first wave that is not over: the open one, or an earlier one with somebody who was retried or came back. */
function waitingWave(rollout: Rollout): WaveProgress | undefined {
  const early = rollout.waves.findIndex(
    (wave, index) => index < rollout.wave && (inFlight(wave) > 0 || wave.counts.pending > 0),
  );
  const current = rollout.waves[rollout.wave];
  // A wave that has not begun waits for whoever is under way in an earlier one.
  return current && (early === -1 || current.phase !== 'pending') ? current : (rollout.waves[early] ?? current);
}

/** Earlier waves that keep this one closed, whatever its gates say. */
function earlierHolds(rollout: Rollout, wave: WaveProgress, since: Millis): Hold[] {
  if (isOpened(wave)) return [];
  const earlier = rollout.waves.slice(0, rollout.waves.indexOf(wave)).filter(keepsLaterClosed);
  return earlier.map((each) => {
    const message = `wave ${wave.name} opens once wave ${each.name} is quiet again: ${openWordsOf(each)}`;
    return { code: 'inFlight', message, since };
  });
}

function openWordsOf(wave: WaveProgress): string {
  const working = inFlight(wave) + wave.counts.pending;
  if (working > 0) return `${clusters(working)} of it ${working === 1 ? 'is' : 'are'} under way`;
  return `the agents of ${clusters(wave.suspects)} of it say failed`;
}

function deferredText(wave: WaveProgress): string {
  const open = openDeferrals(wave);
  const accepted = wave.counts.deferred - open;
  const away = `${clusters(open)} of wave ${wave.name} cannot be reached, ${wave.maxUnreachable} may`;
  if (accepted === 0) return away;
  const held = `${clusters(accepted)} of wave ${wave.name} ${accepted === 1 ? 'is' : 'are'} put off, held by a person or accepted as unreachable`;
  return open === 0 ? held : `${away}; ${held}`;
}

/** Opened waves whose pending clusters have no open window. */
function windowHolds(rollout: Rollout, now: Millis): Hold[] {
  return rollout.waves.slice(0, rollout.wave + 1).flatMap((wave) => {
    if (!isOpened(wave) || wave.counts.pending === 0) return [];
    const zones = openZones(wave, now);
    const total = wave.zones?.length ?? 0;
    if (zones === null || total === 0 || (zones.length > 0 && (wave.closedUntil ?? now) <= now)) return [];
    const next = nextZoneOpening(wave, now);
    const where = total === 1 ? `in ${wave.zones?.[0] ?? ''}` : `in the time zones of those that are left`;
    const opens = next
      ? `the next opens at ${localTime(next.at, next.zone)}, in ${formatDuration(next.at - now)}`
      : 'none ever opens';
    const left = wave.counts.pending;
    const message = `${clusters(left)} of wave ${wave.name} ${left === 1 ? 'waits' : 'wait'} for a window: none is open ${where}; ${opens}`;
    return [{ code: 'window', message, since: wave.openedAt ?? rollout.startedAt, ...(next && { clearsAt: next.at }) }];
  });
}

function soakHold(wave: WaveProgress, header: ApplicationHeader, now: Millis): Hold {
  const until = wave.soakUntil ?? 0;
  const left = until - activeTime(header, now);
  const since = wave.soakSince ?? now;
  if (header.frozenSince !== null) {
    return {
      code: 'soak',
      message: `wave ${wave.name} soaks, ${formatDuration(Math.max(0, left))} of it are left once the hold is gone`,
      since,
    };
  }
  if (left <= 0)
    return { code: 'soak', message: `wave ${wave.name} has soaked and waits for ${soakedText(wave)}`, since };
  const message = `wave ${wave.name} soaks for another ${formatDuration(left)}: all of its clusters must stay healthy`;
  return { code: 'soak', message, since, clearsAt: until + header.clockOffset };
}

function soakedText({ suspects, unsteady, soakEndedBy }: WaveProgress): string {
  if (suspects > 0) return `${clusters(suspects)} whose agent says failed, not yet for long enough to count`;
  if (unsteady > 0 && soakEndedBy === undefined) {
    return `${clusters(unsteady)} that passed and whose last word is progressing: healthy again, or promoted as ${unsteady === 1 ? 'it is' : 'they are'}`;
  }
  return 'a sign of life of each of its clusters';
}

/** For how many of the wave's time zones a window is open now, while somebody of it is pending. */
export function windowEvidence(wave: WaveProgress, now: Millis): string[] {
  const zones = openZones(wave, now);
  if (zones === null || !isOpened(wave) || wave.counts.pending === 0) return [];
  const next = nextZoneOpening(wave, now);
  const then = next ? `; of the others the next opens at ${localTime(next.at, next.zone)}` : '';
  return [`Windows of wave ${wave.name} are open in ${zones.length} of ${wave.zones?.length ?? 0} time zones${then}`];
}
