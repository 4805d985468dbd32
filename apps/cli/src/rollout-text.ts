import type { RolloutView, WaveView } from '#contract';
import { TARGET_STATES } from '#domain';
import { holdLines } from './hold-lines.js';
import { rolloutTone } from './listings/applications.js';
import { done, stateText } from './listings/rollouts.js';
import { gateWish } from './plan-text.js';
import { age, painted, plain, shortRevision, table, type Column } from './print.js';

/** 0 succeeded, 1 ended otherwise, 2 waits for a person, 3 still runs. */
export function exitCodeOf({ state, paused }: Pick<RolloutView, 'state' | 'paused'>): 0 | 1 | 2 | 3 {
  if (state === 'succeeded') return 0;
  if (state !== 'running') return 1;
  return paused ? 2 : 3;
}

/** `3 passed, 1 progressing`: the states that clusters of a wave are in. */
export function countsText(counts: WaveView['counts']): string {
  return TARGET_STATES.filter((state) => counts[state] > 0)
    .map((state) => `${counts[state]} ${state}`)
    .join(', ');
}

const waveColumns: readonly Column<WaveView>[] = [
  { heading: 'WAVE', text: ({ name }) => name },
  {
    heading: 'PHASE',
    text: ({ phase }) => phase,
    tone: ({ phase }) => (phase === 'done' ? 'good' : phase === 'pending' || phase === 'skipped' ? 'faint' : 'busy'),
  },
  { heading: 'DONE', text: (wave) => `${done(wave)}/${wave.total}` },
  { heading: 'CLUSTERS', text: ({ counts }) => countsText(counts) },
  { heading: 'AT ONCE', text: ({ maxConcurrency }) => String(maxConcurrency) },
  { heading: 'MAY FAIL', text: ({ maxFailures }) => String(maxFailures) },
];

/** The gates of a wave that is at work. */
function gateLines({ name, phase, gates = [] }: WaveView): string[] {
  const side = phase === 'gateBefore' ? 'before' : phase === 'gateAfter' ? 'after' : null;
  return gates
    .filter(({ when, state }) => when === side || state === 'refused')
    .map((gate) => {
      const said = gate.last === undefined ? '' : `; last answer: ${gate.last.message}`;
      return `${plain(`Wave ${name}, ${gate.when}, ${gateWish(gate)} (${gate.state}${said})`)}\n`;
    });
}

/** A rollout in a few lines: what it is, its waves, and the one sentence. */
export function statusText(view: RolloutView, colours: boolean, now = Date.now()): string {
  const state = stateText(view);
  const painted_ = colours ? painted(state, rolloutTone(view.state, view.paused)) : state;
  const what = view.kind === 'forward' ? '' : ` (${view.kind})`;
  const since = view.endedAt === undefined ? `for ${age(view.startedAt, now)}` : `${age(view.endedAt, now)} ago`;
  return [
    `${view.id}${what}: release ${view.release} (${shortRevision(view.revision)}) of ${view.application}, ${painted_} ${since}, ${done(view)}/${view.total} done\n`,
    '\n',
    table(view.waves, waveColumns, { colours }),
    '\n',
    ...view.waves.flatMap(gateLines),
    `${plain(view.why)}\n`,
    ...holdLines(view.holds, now).map((line) => `  ${line}\n`),
  ].join('');
}

/** Lines for a pipe: one for each wave that changed since `before`, and one when the state did. */
export function progressLines(before: RolloutView | null, view: RolloutView): string {
  const line = (wave: WaveView): string =>
    `wave ${wave.name} ${wave.phase}: ${countsText(wave.counts) || 'no clusters'}`;
  const waves = view.waves.filter((wave, index) => {
    const old = before?.waves[index];
    return old ? line(old) !== line(wave) : wave.phase !== 'pending';
  });
  const begins =
    before === null
      ? [
          `release ${view.release} (${shortRevision(view.revision)}), ${view.total} clusters in ${view.waves.length} waves`,
        ]
      : [];
  return [...begins, ...waves.map(line)].map((text) => `${view.id} ${text}\n`).join('');
}
