import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { StateMark } from '../ui/state-mark.js';
import { Table, type Column } from '../ui/table.js';
import type { FleetModel } from './fleet-model.js';
import { whyItLags } from './lag.js';

/** The same clusters as rows; who lags in the order of what they run, with the reason. `version`: the model changed. */
export function FleetTable({
  model,
  version,
  places,
  group,
  newest,
  isLate,
  subjectOf,
  onOpen,
}: {
  readonly model: FleetModel;
  readonly version: number;
  readonly places: Int32Array;
  readonly group: string | undefined;
  readonly newest: number;
  readonly isLate: boolean;
  readonly subjectOf: (release: number) => string | undefined;
  readonly onOpen: (name: string) => void;
}) {
  const rows = useMemo(() => [...places], [places]);
  const columns = useMemo(
    () => columnsOf({ model, version, group, newest, isLate, subjectOf }),
    [model, version, group, newest, isLate, subjectOf],
  );
  return (
    <Table
      label={isLate ? 'Clusters that lag, the oldest release first' : 'Clusters'}
      columns={columns}
      rows={rows}
      keyOf={(place) => model.names[place] ?? ''}
      onOpen={(place) => onOpen(model.names[place] ?? '')}
    />
  );
}

interface About {
  readonly model: FleetModel;
  readonly version: number;
  readonly group: string | undefined;
  readonly newest: number;
  readonly isLate: boolean;
  readonly subjectOf: (release: number) => string | undefined;
}

function columnsOf({ model, group, newest, isLate, subjectOf }: About): readonly Column<number>[] {
  const releaseOf = (release: number) =>
    release === 0 ? (
      <span className="text-muted">none</span>
    ) : (
      <span title={subjectOf(release)}>
        {release} <span className="text-muted hidden lg:inline">{subjectOf(release)}</span>
      </span>
    );
  const { runs, told } = model;
  // Labels that tell clusters from each other, the group's first; as many as stand beside each other.
  const labels = [...model.columns.values()]
    .filter(({ key, values }) => key !== group && values.length > 1 && values.length < 200 && !key.startsWith('fact.'))
    .slice(0, runs ? 2 : 4)
    .map(({ key }) => key);
  return [
    // Who lags has a reason below the name on a phone, which says as much.
    { heading: 'State', width: '8.5rem', isMinor: isLate, cell: (place) => <StateMark state={model.stateOf(place)} /> },
    {
      heading: 'Cluster',
      width: 'minmax(9rem,2fr)',
      cell: (place) => (
        <Link
          to="/clusters/$name"
          params={{ name: model.names[place] ?? '' }}
          search={{}}
          tabIndex={-1}
          className="text-accent font-medium"
        >
          {model.names[place]}
          {isLate && (
            <span className="text-muted block truncate text-xs font-normal sm:hidden">
              {whyItLags(model, place, newest)}
            </span>
          )}
        </Link>
      ),
    },
    ...(runs && told
      ? [
          { heading: 'Runs', width: 'minmax(3rem,1.5fr)', cell: (place: number) => releaseOf(runs[place] ?? 0) },
          {
            heading: 'Is told',
            width: 'minmax(3rem,1.5fr)',
            isMinor: true,
            cell: (place: number) => releaseOf(told[place] ?? 0),
          },
        ]
      : []),
    ...(isLate
      ? [
          {
            heading: 'Why it lags',
            isMinor: true,
            width: 'minmax(10rem,2.5fr)',
            cell: (place: number) => whyItLags(model, place, newest),
          },
        ]
      : []),
    ...[...(group === undefined ? [] : [group]), ...labels].map((key) => ({
      heading: key,
      isMinor: true,
      cell: (place: number) => model.valueOf(place, key) ?? <span className="text-muted">–</span>,
    })),
  ];
}
