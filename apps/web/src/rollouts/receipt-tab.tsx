import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReceiptView } from '#contract';
import { StateMark, StateShape } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import { Time } from '../ui/time.js';
import { Failed, Loading } from '../ui/words.js';
import { Card } from '../ui/page.js';
import { receipt } from './queries.js';
import { stateWord } from './progress.js';
import { isBack, wantedText } from './receipt-text.js';

type Line = ReceiptView['clusters'][number];

const columns: readonly Column<Line>[] = [
  {
    heading: 'Cluster',
    width: 'minmax(8rem,1.5fr)',
    cell: ({ cluster }) => (
      <Link
        to="/clusters/$name"
        params={{ name: cluster }}
        className="text-strong font-medium underline-offset-2 hover:underline"
      >
        {cluster}
      </Link>
    ),
  },
  {
    heading: 'Back',
    width: '6rem',
    cell: (line) => <StateMark state={isBack(line) ? 'healthy' : 'failed'} word={isBack(line) ? 'yes' : 'not yet'} />,
  },
  { heading: 'To run', width: 'minmax(8rem,1fr)', isMinor: true, cell: ({ wanted }) => wantedText(wanted) },
  {
    heading: 'Runs, by its agent’s word',
    width: 'minmax(12rem,2fr)',
    isMinor: true,
    cell: ({ runs }) =>
      runs === null ? (
        <span className="text-muted">it never said</span>
      ) : (
        <>
          {runs.release === null ? 'a release of nobody' : `release ${runs.release}`} ·{' '}
          <code title={runs.digest}>{runs.digest.slice(0, 12)}</code> · generation {runs.generation}
        </>
      ),
  },
  {
    heading: 'Said',
    width: '8rem',
    isMinor: true,
    cell: ({ runs }) => (runs ? <Time at={runs.at} /> : <span className="text-muted">–</span>),
  },
  {
    heading: 'State',
    width: '9rem',
    isMinor: true,
    cell: ({ state }) => <StateMark state={state} word={stateWord(state)} />,
  },
];

/** After a rollback: what every cluster runs now, and who did not go back, and why. */
export function ReceiptTab({ id }: { readonly id: string }) {
  const { data, error, refetch } = useQuery(receipt(id));
  if (error) return <Failed error={error} what="the receipt" onRetry={refetch} />;
  if (!data) return <Loading what="the receipt" />;
  const { clusters, couldNot, release } = data;
  const back = clusters.filter(isBack).length;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <p className="text-strong flex items-center gap-2 text-base font-medium" role="status">
        <StateShape state={back === clusters.length ? 'healthy' : 'held'} />
        <span>
          {back} of {clusters.length} clusters run what they were to go back to; release {release} was taken back{' '}
          <Time at={data.at} />.
        </span>
      </p>
      {couldNot.length > 0 && (
        <Card title={`Did not go back (${couldNot.length})`}>
          <ul className="flex max-h-72 flex-col gap-2 overflow-auto" tabIndex={0} aria-label="Who did not go back">
            {couldNot.map(({ cluster, uid, why }) => (
              <li key={uid} className="flex gap-2">
                <span className="mt-0.5">
                  <StateShape state="failed" />
                </span>
                <span className="min-w-0 break-words">
                  <Link to="/clusters/$name" params={{ name: cluster }} className="text-strong font-medium underline">
                    {cluster}
                  </Link>
                  : {why}
                </span>
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Table label="Receipt" columns={columns} rows={clusters} keyOf={({ uid }) => uid} />
    </div>
  );
}
