import { useQuery } from '@tanstack/react-query';
import { why } from '../api/queries.js';
import { Button } from '../ui/button.js';
import { StateMark } from '../ui/state-mark.js';
import type { FleetModel } from './fleet-model.js';
import type { GridLayout } from './grid-layout.js';
import { lags, whyItLags } from './lag.js';
import { useRested } from './use-room.js';

/** How long a cluster is looked at before the hub is asked why it is so. */
const REST_MS = 250;
const WIDTH_PX = 340;

/**
 * Which cluster it is, and the hub's sentence on it. Beside its cell; on a phone at the bottom of the window. `isHeld`: it was chosen
 * by key or thumb, so its sentence is read out and its button can be pressed.
 */
export function CellCard({
  model,
  layout,
  name,
  square,
  isHeld,
  newest,
  subjectOf,
  onOpen,
  onClose,
}: {
  readonly model: FleetModel;
  readonly layout: GridLayout;
  readonly name: string;
  readonly square: { readonly left: number; readonly top: number; readonly height: number };
  readonly isHeld: boolean;
  readonly newest: number;
  readonly subjectOf: (release: number) => string | undefined;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}) {
  const rested = useRested(name, REST_MS);
  const reason = useQuery({ ...why('cluster', rested ?? ''), enabled: rested !== undefined, staleTime: 10_000 });
  const place = model.placeOf(name);
  const run = model.runs?.[place] ?? 0;
  const tell = model.told?.[place] ?? 0;
  const isLow = square.top > layout.height / 2;
  const style: Record<string, string | number> = {
    '--left': `${Math.max(0, Math.min(layout.width - WIDTH_PX, square.left - WIDTH_PX / 3))}px`,
    '--top': `${isLow ? square.top - 6 : square.top + square.height + 6}px`,
    '--rise': isLow ? '-100%' : '0',
  };
  return (
    <div
      style={style}
      className={`bg-card border-line z-10 flex flex-col gap-1.5 rounded-lg border p-3 shadow-lg max-sm:fixed max-sm:inset-x-2 max-sm:bottom-2 sm:absolute sm:top-(--top) sm:left-(--left) sm:w-[340px] sm:translate-y-(--rise) ${isHeld ? '' : 'pointer-events-none'}`}
      data-card
    >
      <p className="flex flex-wrap items-center justify-between gap-x-3">
        <span className="text-strong min-w-0 font-medium break-all">{name}</span>
        <StateMark state={model.stateOf(place)} />
      </p>
      {model.runs && (
        <p className="text-muted">
          {run > 0 ? (
            <>
              runs <span className="text-strong">release {run}</span> {subjectOf(run) && `“${subjectOf(run) ?? ''}”`}
            </>
          ) : (
            'runs none'
          )}
          {tell > 0 && tell !== run && (
            <>
              , is told <span className="text-strong">release {tell}</span>
            </>
          )}
          {lags(model, place, newest) && `. ${whyItLags(model, place, newest)}`}
        </p>
      )}
      <p aria-live={isHeld ? 'polite' : 'off'} className="min-h-10 break-words">
        {reason.data?.sentence ??
          (reason.error ? (
            `Why it is so can’t be told: ${reason.error.message}`
          ) : (
            <span className="text-muted">…</span>
          ))}
      </p>
      {isHeld && (
        <p className="flex flex-wrap items-center gap-2">
          <Button tone="primary" onClick={onOpen}>
            Open the cluster
          </Button>
          <Button tone="quiet" onClick={onClose}>
            Close
          </Button>
        </p>
      )}
    </div>
  );
}
