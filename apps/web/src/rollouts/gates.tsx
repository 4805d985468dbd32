import type { GateView, WaveView } from '#contract';
import { StateShape } from '../ui/state-mark.js';
import { spanText, Time, useNow } from '../ui/time.js';
import { windowText } from './window-text.js';

/** `2 more of 2`, or how a gate stands, in a word. */
function standing(gate: GateView, isAsked: boolean): string {
  if (gate.state === 'open') return 'open';
  if (gate.state === 'refused') return 'said no';
  return isAsked ? 'waits' : 'not its turn yet';
}

/** What must be open before a wave begins, or before it counts as done. */
export function Gate({ gate, isAsked }: { readonly gate: GateView; readonly isAsked: boolean }) {
  const { name, type, state, wants, approvals = [], samples, last, askAt, openedBy, openedAt, since } = gate;
  const mark = state === 'open' ? 'healthy' : state === 'refused' ? 'failed' : isAsked ? 'held' : 'waiting';
  return (
    <li className="flex min-w-0 gap-2">
      <span className="mt-0.5">
        <StateShape state={mark} />
      </span>
      <div className="flex min-w-0 flex-col">
        <p className="break-words">
          <span className="text-strong font-medium">{name}</span>
          {name !== type && <span className="text-muted"> ({type})</span>}:{' '}
          <span className={isAsked && state === 'waiting' ? 'text-held font-medium' : ''}>
            {standing(gate, isAsked)}
          </span>
          {state === 'waiting' && <> · {wants}</>}
          {isAsked && state === 'waiting' && since && (
            <span className="text-muted">
              {' '}
              · since <Time at={since} />
            </span>
          )}
          {state === 'open' && openedBy && <> · opened early by {openedBy}</>}
          {state === 'open' && openedAt && (
            <span className="text-muted">
              {' '}
              · <Time at={openedAt} />
            </span>
          )}
        </p>
        {approvals.map(({ actor, at, reason, counts }) => (
          <p key={`${actor}-${at}`} className={counts ? '' : 'text-muted line-through'}>
            {actor} said yes <Time at={at} />
            {reason && `: ${reason}`}
            {!counts && ' (to another plan, it counts no more)'}
          </p>
        ))}
        {samples && (
          <p>
            {samples.ok} good of {gate.count ?? '?'} samples, {samples.failed} bad of {gate.failureLimit ?? '?'} that
            may be
          </p>
        )}
        {last && (
          <p className="text-muted break-words">
            Last answer <Time at={last.at} />: {last.message}
          </p>
        )}
        {askAt && state === 'waiting' && (
          <p className="text-muted">
            Asked again <Time at={askAt} />
          </p>
        )}
        {gate.notBefore && state === 'waiting' && (
          <p className="text-muted">
            Not before <Time at={gate.notBefore} />
          </p>
        )}
        {gate.windows?.map((window) => (
          <p key={windowText(window)} className="text-muted">
            Opens for {windowText(window)}
          </p>
        ))}
      </div>
    </li>
  );
}

/** How long a wave still watches its clusters. */
export function Soak({
  soak,
  phase,
  at,
}: {
  readonly soak: NonNullable<WaveView['soak']>;
  readonly phase: WaveView['phase'];
  /** Of a past state: when that was. */
  readonly at: string | undefined;
}) {
  const present = useNow();
  const now = at === undefined ? present : Date.parse(at);
  if (phase === 'done' || phase === 'skipped') return null;
  if (phase !== 'soaking')
    return <p className="text-muted">Once all passed, it soaks {spanText(soak.ms)}: they have to stay healthy.</p>;
  if (!soak.until) return <p className="text-held">Its soak of {spanText(soak.ms)} stands still while it is paused.</p>;
  const left = Date.parse(soak.until) - now;
  const done = Math.max(0, Math.min(1, 1 - left / Math.max(1, soak.ms)));
  return (
    <div className="flex max-w-md flex-col gap-1">
      <p>
        <span className="text-strong font-medium">Soaks</span>
        {left > 0
          ? `: ${spanText(left)} left of ${spanText(soak.ms)}`
          : ': its time is over, a last sign of life is awaited'}
      </p>
      <div aria-hidden="true" className="bg-raised h-1.5 overflow-hidden rounded-full">
        <div className="bg-progressing h-full" style={{ width: `${done * 100}%` }} />
      </div>
    </div>
  );
}
