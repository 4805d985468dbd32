import type { EventView, FleetView, RolloutView, WaveView } from '#contract';
import { fleetText } from './commands/fleet.js';
import { rolloutTone } from './listings/applications.js';
import { done, stateText } from './listings/rollouts.js';
import { age, painted, plain, shortRevision, type Tone } from './print.js';
import { countsText } from './rollout-text.js';

/** What the picture is made of, read one after the other. */
export interface Seen {
  readonly hub: string;
  readonly fleet: FleetView;
  /** Those that run, at most `MOST_ROLLOUTS`. */
  readonly rollouts: readonly RolloutView[];
  /** How many more run. */
  readonly more: number;
  /** The newest, newest first. */
  readonly events: readonly EventView[];
}

export const MOST_ROLLOUTS = 12;
export const EVENTS = 6;

const BAR = 20;

/** The fleet and what is on its way, as one screen; what matters most stands on top, where a small terminal still shows it. */
export function topText({ hub, fleet, rollouts, more, events }: Seen, colours: boolean, now = Date.now()): string {
  const paint = (text: string, tone: Tone | undefined): string => (colours ? painted(text, tone) : text);
  const [summary = '', ...applications] = fleetText(fleet, colours).split('\n\n');
  const running = rollouts.flatMap((rollout) => ['', ...rolloutLines(rollout, paint, now)]);
  return [
    `${hub} at ${new Date(now).toISOString().slice(11, 19)}Z`,
    summary,
    ...(rollouts.length === 0 ? ['', paint('No rollout runs.', 'faint')] : running),
    ...(more > 0 ? ['', paint(`and ${more} more: flotilla get rollouts --status running`, 'faint')] : []),
    '',
    applications.join('\n\n').trimEnd(),
    '',
    ...events.map(
      ({ at, message, rollout, application }) =>
        `${paint(`${age(at, now)} ago`.padEnd(12), 'faint')} ${rollout ?? application}  ${plain(message)}`,
    ),
    '',
  ].join('\n');
}

function rolloutLines(
  rollout: RolloutView,
  paint: (text: string, tone: Tone | undefined) => string,
  now: number,
): string[] {
  const { id, release, revision, state, paused, waves, why, total, startedAt } = rollout;
  const width = Math.max(...waves.map(({ name }) => name.length));
  const title = `${id}  release ${release} (${shortRevision(revision)})`;
  return [
    `${title}  ${paint(stateText(rollout), rolloutTone(state, paused))} for ${age(startedAt, now)}, ${done(rollout)}/${total} done`,
    ...waves.map((wave) => {
      const count = `${done(wave)}/${wave.total}`.padStart(9);
      const states = countsText(wave.counts);
      return `  ${wave.name.padEnd(width)}  ${bar(wave, paint)} ${count}  ${wave.phase}${states === '' ? '' : `: ${states}`}`;
    }),
    `  ${plain(why)}`,
  ];
}

/** Passed, at work, failed, still to come: in the order in which a wave fills. */
function bar({ counts }: WaveView, paint: (text: string, tone: Tone | undefined) => string): string {
  const parts: readonly (readonly [sign: string, tone: Tone, count: number])[] = [
    ['█', 'good', counts.passed + counts.unchanged + counts.skipped],
    ['▒', 'busy', counts.assigned + counts.progressing],
    ['×', 'bad', counts.failed],
    ['·', 'faint', counts.pending + counts.deferred],
  ];
  const cells = shares(parts.map(([, , count]) => count));
  return parts.map(([sign, tone], at) => paint(sign.repeat(cells[at] ?? 0), tone)).join('');
}

/** Cells of the bar that add up to its width; whatever is there at all has one. */
function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, each) => sum + each, 0);
  if (total === 0) return counts.map((_, at) => (at === counts.length - 1 ? BAR : 0));
  const cells = counts.map((each) => (each === 0 ? 0 : Math.max(1, Math.floor((each * BAR) / total))));
  const largest = counts.indexOf(Math.max(...counts));
  cells[largest] = (cells[largest] ?? 0) + BAR - cells.reduce((sum, each) => sum + each, 0);
  return cells;
}
