import { useEffect, useMemo, useRef } from 'react';
import { useOfferActs } from '../shell/acts.js';
import { Button, type Tone } from '../ui/button.js';
import { tell } from '../ui/tell.js';
import type { Asked } from './act-requests.js';
import type { ActId, OfferedAct } from './offered-acts.js';

/** An act as it is offered to somebody: `whyNot` says why they may not, null that they may. */
export interface ShownAct extends OfferedAct {
  readonly whyNot: string | null;
}

/** On a phone these stand under the thumb. */
const NIGHT: readonly ActId[] = ['approve', 'resume', 'pause', 'rollback'];
const FEW: readonly ActId[] = ['skip', 'replan', 'cancel'];

/** The acts of a rollout: in a row, the rarer ones in a menu; the ones of the night in a bar at a phone's foot; all in the palette. */
export function ActBar({
  acts,
  onAsk,
}: {
  readonly acts: readonly ShownAct[];
  readonly onAsk: (asked: Asked) => void;
}) {
  const ask = ({ id, verb }: OfferedAct) => onAsk({ id, verb });
  useOfferActs(
    useMemo(
      () =>
        acts
          .filter(({ whyNot }) => whyNot === null)
          .map(({ id, verb }) => ({ name: verb, run: () => onAsk({ id, verb }) })),
      [acts, onAsk],
    ),
  );
  const inRow = acts.filter(({ id }) => !FEW.includes(id));
  const inMenu = acts.filter(({ id }) => FEW.includes(id));
  const night = NIGHT.flatMap((id) => acts.filter((act) => act.id === id));
  if (acts.length === 0) return null;
  return (
    <>
      <div className="hidden flex-wrap gap-2 sm:flex">
        {inRow.map((act) => (
          <ActButton key={act.id} act={act} onAsk={ask} />
        ))}
      </div>
      <div className="hidden sm:block">{inMenu.length > 0 && <Menu acts={inMenu} onAsk={ask} />}</div>
      <div className="sm:hidden">
        <Menu acts={acts.filter(({ id }) => !NIGHT.includes(id))} onAsk={ask} />
      </div>
      {night.length > 0 && <NightBar acts={night} onAsk={ask} />}
    </>
  );
}

/** What can do harm is red in its letters; filled only where it may be what is needed now. */
function toneOf({ isDangerous, isNext }: OfferedAct): Tone {
  if (!isNext) return 'plain';
  return isDangerous ? 'danger' : 'primary';
}

/** One that is not allowed can be reached all the same, and says why. */
function ActButton({
  act,
  onAsk,
  tone = toneOf(act),
  className = '',
}: {
  readonly act: ShownAct;
  readonly onAsk: (act: OfferedAct) => void;
  readonly tone?: Tone;
  readonly className?: string;
}) {
  const { whyNot, verb, isDangerous } = act;
  const colour = isDangerous && tone !== 'danger' ? 'text-danger!' : '';
  return (
    <Button
      tone={whyNot === null ? tone : 'plain'}
      aria-disabled={whyNot === null ? undefined : true}
      title={whyNot ?? undefined}
      className={`${whyNot === null ? colour : 'text-muted! cursor-not-allowed! border-dashed'} ${className}`}
      onClick={() => {
        if (whyNot === null) onAsk(act);
        else tell(`${verb}: ${whyNot}`);
      }}
    >
      {verb}
    </Button>
  );
}

function Menu({ acts, onAsk }: { readonly acts: readonly ShownAct[]; readonly onAsk: (act: OfferedAct) => void }) {
  const details = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = ({ target, key }: Event & { readonly key?: string }): void => {
      if (key !== undefined ? key === 'Escape' : !details.current?.contains(target as Node))
        details.current?.removeAttribute('open');
    };
    document.addEventListener('click', close);
    document.addEventListener('keydown', close);
    return () => {
      document.removeEventListener('click', close);
      document.removeEventListener('keydown', close);
    };
  }, []);
  if (acts.length === 0) return null;
  return (
    <details ref={details} className="relative">
      <summary className="border-line bg-card text-strong hover:bg-raised flex min-h-11 list-none items-center rounded-md border px-3 font-medium sm:min-h-8">
        More …
      </summary>
      <div className="bg-card border-line absolute right-0 z-10 mt-1 flex w-48 flex-col gap-1 rounded-lg border p-1.5 shadow-lg">
        {acts.map((act) => (
          <ActButton
            key={act.id}
            act={act}
            tone="quiet"
            className="w-full justify-start!"
            onAsk={(chosen) => {
              details.current?.removeAttribute('open');
              onAsk(chosen);
            }}
          />
        ))}
      </div>
    </details>
  );
}

/** With room below the page for it, so that it hides nothing. */
function NightBar({ acts, onAsk }: { readonly acts: readonly ShownAct[]; readonly onAsk: (act: OfferedAct) => void }) {
  useEffect(() => {
    const root = document.documentElement;
    root.style.setProperty('--foot', '4.25rem');
    return () => {
      root.style.removeProperty('--foot');
    };
  }, []);
  return (
    <div
      role="group"
      aria-label="Acts"
      className="border-line bg-card fixed inset-x-0 bottom-0 z-20 flex gap-2 border-t p-2.5 sm:hidden"
    >
      {acts.map((act) => (
        <ActButton key={act.id} act={act} onAsk={onAsk} className="min-w-0 flex-1" />
      ))}
    </div>
  );
}
