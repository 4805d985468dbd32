import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { RehearsalAnswer, StrategyDocumentSpec } from '#contract';
import { api, part } from '../api/client.js';
import { Refusal } from '../ui/act-dialog.js';
import { Button, Spinner } from '../ui/button.js';
import { TextField } from '../ui/field.js';
import { spanText, useNow } from '../ui/time.js';
import { shareOf } from './rehearsal-figures.js';
import { RehearsalResult } from './rehearsal-result.js';

const SHARES = [
  ['failureRate', 'Fail, %', 'of clusters on which the release fails'],
  ['lateFailureRate', 'Fail later, %', 'healthy first, failed for good some minutes later'],
  ['offlineRate', 'Offline, %', 'out of reach when their turn comes'],
  ['flapRate', 'Flap, %', 'healthy, and not, and healthy again'],
] as const;

const TIMES = [
  ['ready', 'Ready after', '30s'],
  ['latency', 'Acknowledged after', '2s'],
  ['approval', 'Approved after', '0s'],
] as const;

type Wish = Record<(typeof SHARES)[number][0] | (typeof TIMES)[number][0] | 'runs', string>;

const USUAL: Wish = {
  ...{ failureRate: '1', lateFailureRate: '0', offlineRate: '1', flapRate: '0' },
  ...{ ready: '30s', latency: '2s', approval: '0s', runs: '200' },
};

/** Plays the start many times over on the hub, by this text, and beside it by the strategy as it is saved. */
export function Rehearsal({
  of: { application, release },
  spec,
  saved,
}: {
  readonly of: { readonly application: string; readonly release: number | undefined };
  readonly spec: StrategyDocumentSpec | undefined;
  /** Name of the saved one, where it is another. */
  readonly saved: string | undefined;
}) {
  const [wish, setWish] = useState<Wish>(USUAL);
  const [isBoth, setBoth] = useState(true);
  const stop = useRef<AbortController>(null);
  const play = useMutation({
    mutationFn: async () => {
      stop.current = new AbortController();
      const { signal } = stop.current;
      const body = { ...bodyOf(wish), ...(release !== undefined && { release }) };
      const path = `/api/v1/applications/${part(application)}/rehearsals`;
      const now = await api.post<RehearsalAnswer>(path, { ...body, strategy: spec }, { signal });
      // Equal luck, so that they are compared on equal terms.
      const before =
        saved !== undefined && isBoth
          ? await api.post<RehearsalAnswer>(path, { ...body, strategy: saved, seed: now.seed }, { signal })
          : undefined;
      return { now, before };
    },
  });
  useEffect(() => () => stop.current?.abort(), []);
  const bad = SHARES.filter(([name]) => shareOf(wish[name]) === null).map(([name]) => name);
  const runs = Number(wish.runs);
  const isRunsBad = !Number.isInteger(runs) || runs < 1 || runs > 2000;
  return (
    <div className="flex min-w-0 flex-col gap-5">
      <form
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (spec && bad.length === 0 && !isRunsBad && !play.isPending) play.mutate();
        }}
      >
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2 lg:grid-cols-4">
          {SHARES.map(([name, label, hint]) => (
            <TextField
              key={name}
              label={label}
              hint={hint}
              inputMode="decimal"
              value={wish[name]}
              onChange={(event) => setWish({ ...wish, [name]: event.target.value })}
              {...(bad.includes(name) && { error: 'Must be 0 to 100' })}
            />
          ))}
          {TIMES.map(([name, label, usual]) => (
            <TextField
              key={name}
              label={label}
              hint={`a duration, ${usual} unless told`}
              value={wish[name]}
              onChange={(event) => setWish({ ...wish, [name]: event.target.value })}
            />
          ))}
          <TextField
            label="Runs"
            hint="1 to 2000"
            inputMode="numeric"
            value={wish.runs}
            onChange={(event) => setWish({ ...wish, runs: event.target.value })}
            {...(isRunsBad && { error: 'Must be 1 to 2000' })}
          />
        </div>
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" tone="primary" disabled={!spec} isBusy={play.isPending}>
            Rehearse
          </Button>
          {saved !== undefined && (
            <label className="flex min-h-8 items-center gap-2">
              <input
                type="checkbox"
                className="size-5"
                checked={isBoth}
                onChange={(event) => setBoth(event.target.checked)}
              />
              beside {saved} as it is saved, with the same luck
            </label>
          )}
          {!spec && <span className="text-muted">Mend the text first.</span>}
        </div>
      </form>
      {play.isPending && <Playing since={play.submittedAt} onStop={() => stop.current?.abort()} />}
      {play.error && play.error.name !== 'AbortError' && <Refusal error={play.error} />}
      {play.data && <RehearsalResult {...play.data} savedName={saved ?? ''} />}
    </div>
  );
}

function Playing({ since, onStop }: { readonly since: number; readonly onStop: () => void }) {
  const now = useNow();
  return (
    <div role="status" className="flex items-center gap-3">
      <Spinner /> The hub plays it, for {spanText(now - since)} now …<Button onClick={onStop}>Stop</Button>
    </div>
  );
}

function bodyOf(wish: Wish): Record<string, unknown> {
  return {
    ...Object.fromEntries(SHARES.map(([name]) => [name, shareOf(wish[name]) ?? 0])),
    ...Object.fromEntries(TIMES.map(([name, , usual]) => [name, wish[name].trim() || usual])),
    runs: Number(wish.runs),
  };
}
