import { useMutation, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { EventView } from '#contract';
import { Refusal } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { barBox } from '../ui/field.js';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { MAX_EVENTS, replay } from './queries.js';

const columns: readonly Column<EventView>[] = [
  { heading: 'When', width: '7.5rem', cell: ({ at }) => <Time at={at} /> },
  {
    heading: 'What happened',
    width: 'minmax(12rem,4fr)',
    cell: ({ message }) => (
      <span className="text-strong" title={message}>
        {message}
      </span>
    ),
  },
  { heading: 'Cluster', width: 'minmax(6rem,1fr)', isMinor: true, cell: ({ cluster }) => cluster ?? '' },
  { heading: 'Who', width: 'minmax(7rem,1fr)', isMinor: true, cell: ({ actor }) => actor ?? '' },
  {
    heading: 'Why',
    width: 'minmax(7rem,2fr)',
    isMinor: true,
    cell: ({ reason }) => <span title={reason}>{reason ?? ''}</span>,
  },
];

/** Everything that happened, newest first; opened, the rollout is shown as it was then. */
export function HistoryTab({
  id,
  events,
  text = '',
  onText,
  onGo,
}: {
  readonly id: string;
  readonly events: UseQueryResult<readonly EventView[]>;
  readonly text: string | undefined;
  readonly onText: (text: string | undefined) => void;
  readonly onGo: (at: string) => void;
}) {
  const wanted = text.trim().toLowerCase();
  const shown = useMemo(
    () =>
      (events.data ?? []).filter(({ message, actor = '', reason = '', cluster = '' }) =>
        `${message} ${actor} ${reason} ${cluster}`.toLowerCase().includes(wanted),
      ),
    [events.data, wanted],
  );
  if (events.error && !events.data) return <Failed error={events.error} what="the history" onRetry={events.refetch} />;
  if (!events.data) return <Loading what="the history" />;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2" role="search">
        <input
          data-filter
          aria-label="Words of the history"
          placeholder="Words, a person, a cluster …"
          value={text}
          onChange={({ target: { value } }) => onText(value || undefined)}
          className={`${barBox} w-64`}
        />
        <p className="text-muted" role="status">
          {shown.length} of {events.data.length}
          {events.data.length >= MAX_EVENTS && ', the newest; flotilla rollout history has all of them'}
        </p>
        <div className="sm:ml-auto">
          <Replay id={id} />
        </div>
      </div>
      {shown.length === 0 ? (
        <Empty title="Nothing of that happened" />
      ) : (
        <Table
          label="History"
          columns={columns}
          rows={shown}
          keyOf={(event) => String(event.id)}
          onOpen={({ at }) => onGo(at)}
        />
      )}
      <p className="text-muted">Enter or a click on a line shows the rollout as it was then.</p>
    </div>
  );
}

/** Proves that the history leads to what is stored. */
function Replay({ id }: { readonly id: string }) {
  const check = useMutation({ mutationFn: () => replay(id) });
  return (
    <div className="flex flex-wrap items-center gap-3" aria-live="polite">
      {check.error && <Refusal error={check.error} />}
      {check.data &&
        (check.data.ok ? (
          <StateMark state="healthy" word={`${check.data.steps} steps give the stored state, byte for byte`} />
        ) : (
          <span className="text-danger font-medium break-words">
            It differs after {check.data.steps} steps: {check.data.differs}
          </span>
        ))}
      <Button isBusy={check.isPending} onClick={() => check.mutate()}>
        Check by replay
      </Button>
    </div>
  );
}
