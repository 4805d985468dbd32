import type { TargetView, WaveView } from '#contract';
import { StateMark } from '../ui/state-mark.js';
import { Time } from '../ui/time.js';
import { Gate, Soak } from './gates.js';
import { LaneCanvas } from './lane-canvas.js';
import { passedOf } from './rollout-order.js';
import { Slots } from './slots.js';
import { windowText } from './window-text.js';

const PHASES: Readonly<Record<WaveView['phase'], { readonly mark: string; readonly word: string }>> = {
  pending: { mark: 'pending', word: 'not its turn yet' },
  gateBefore: { mark: 'gateBefore', word: 'waits at its gate' },
  progressing: { mark: 'progressing', word: 'progressing' },
  soaking: { mark: 'soaking', word: 'soaking' },
  gateAfter: { mark: 'gateAfter', word: 'waits at its gate' },
  done: { mark: 'done', word: 'done' },
  skipped: { mark: 'skipped', word: 'given up' },
};

/** Nothing new is assigned in it. */
const STILL = { mark: 'paused', word: 'paused' };

/** A wave as a lane: its budgets as slots, its gates, and its clusters on their way through. */
export function WaveLane({
  wave,
  number,
  targets,
  isCurrent,
  isPaused,
  at,
  onOpen,
}: {
  readonly wave: WaveView;
  readonly number: number;
  readonly targets: readonly TargetView[];
  readonly isCurrent: boolean;
  readonly isPaused: boolean;
  /** Of a past state: when that was. */
  readonly at: string | undefined;
  readonly onOpen: (target: TargetView) => void;
}) {
  const { name, phase, counts, total, gates = [], soak, windows = [], zones = [], givenUp, accepted } = wave;
  const before = gates.filter(({ when }) => when === 'before');
  const after = gates.filter(({ when }) => when === 'after');
  const { mark, word } = isPaused && phase === 'progressing' ? STILL : PHASES[phase];
  return (
    <section
      aria-label={`Wave ${name}`}
      className={`bg-card flex min-w-0 flex-col gap-3 rounded-lg border p-3 sm:p-4 ${isCurrent ? 'border-accent' : 'border-line'}`}
    >
      <div className="flex flex-wrap items-start justify-between gap-x-8 gap-y-3">
        <div className="flex min-w-0 flex-col gap-1">
          <h2 className="flex flex-wrap items-baseline gap-x-2">
            <span className="text-muted font-normal tabular-nums">{number}</span>
            <span className="break-all">{name}</span>
          </h2>
          <p className="flex flex-wrap items-center gap-x-3">
            <StateMark state={mark} word={word} />
            <span className="text-muted tabular-nums">
              {passedOf(counts)} of {total} passed
            </span>
            {wave.doneAt ? (
              <span className="text-muted">
                <Time at={wave.doneAt} />
              </span>
            ) : (
              wave.openedAt && (
                <span className="text-muted">
                  open since <Time at={wave.openedAt} />
                </span>
              )
            )}
          </p>
        </div>
        <div
          className="grid w-full grid-cols-[auto_auto_auto] gap-x-3 gap-y-2 sm:flex sm:w-auto sm:flex-wrap sm:gap-x-6"
          aria-label={`Budgets of wave ${name}`}
          role="group"
        >
          <Slots
            label="In flight"
            tone="progressing"
            used={counts.assigned + counts.progressing}
            max={wave.maxConcurrency}
          />
          <Slots
            label="Failed"
            tone="failed"
            used={counts.failed - (accepted?.failed ?? 0)}
            max={wave.maxFailures}
            note={accepted?.failed ? `and ${accepted.failed} accepted` : undefined}
          />
          <Slots
            label="Unreachable"
            tone="offline"
            used={counts.deferred - (accepted?.deferred ?? 0)}
            max={wave.maxUnreachable}
            note={accepted?.deferred ? `and ${accepted.deferred} accepted` : undefined}
          />
        </div>
      </div>
      <Gates gates={before} title="Before it begins" isAsked={phase === 'gateBefore'} />
      {windows.length > 0 && (
        <p className="text-muted">
          Assigns only for {windows.map(windowText).join(', or for ')}
          {zones.length > 0 && ` (${zones.join(', ')})`}
        </p>
      )}
      {total === 0 ? (
        <p className="text-muted">No cluster is in this wave.</p>
      ) : (
        <LaneCanvas wave={name} targets={targets} onOpen={onOpen} />
      )}
      {(wave.suspects ?? 0) > 0 && (
        <p className="text-failed">{wave.suspects} passed and say failed now, not yet for long enough to count.</p>
      )}
      {(wave.unsteady ?? 0) > 0 && (
        <p className="text-progressing">
          {wave.unsteady} passed and are progressing again: a soak does not end on them.
        </p>
      )}
      {soak && <Soak soak={soak} phase={phase} at={at} />}
      <Gates gates={after} title="Before it counts as done" isAsked={phase === 'gateAfter'} />
      {givenUp && (
        <p>
          Given up by {givenUp.by}: {givenUp.reason}
        </p>
      )}
    </section>
  );
}

function Gates({
  gates,
  title,
  isAsked,
}: {
  readonly gates: NonNullable<WaveView['gates']>;
  readonly title: string;
  readonly isAsked: boolean;
}) {
  if (gates.length === 0) return null;
  return (
    <div className="bg-raised flex flex-col gap-1.5 rounded-md p-3">
      <h3 className="text-muted text-xs font-medium">{title}</h3>
      <ul className="flex flex-col gap-1.5">
        {gates.map((gate) => (
          <Gate key={`${gate.when}-${gate.name}`} gate={gate} isAsked={isAsked} />
        ))}
      </ul>
    </div>
  );
}
