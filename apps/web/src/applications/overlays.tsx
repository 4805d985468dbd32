import { useQuery } from '@tanstack/react-query';
import type { ReleaseView } from '#contract';
import { Table, type Column } from '../ui/table.js';
import { release } from '../api/queries.js';
import { bytesText, grouped, shortDigest } from '../ui/text.js';
import { Failed, Loading } from '../ui/words.js';

/** What a release was rendered into: one bundle for each overlay, which may be as many as clusters. */
export function Overlays({ application, release: number }: { readonly application: string; readonly release: number }) {
  const one = useQuery(release(application, number));
  if (one.error && !one.data)
    return <Failed error={one.error} what={`release ${number}`} onRetry={() => one.refetch()} />;
  if (one.isPending) return <Loading what="overlays" />;
  return (
    <Table
      label={`Overlays of release ${number}`}
      columns={COLUMNS}
      rows={one.data?.overlays ?? []}
      keyOf={({ path }) => path}
      maxHeight="20rem"
    />
  );
}

const COLUMNS: readonly Column<ReleaseView['overlays'][number]>[] = [
  { heading: 'Overlay', width: 'minmax(0,2fr)', cell: ({ path }) => <span title={path}>{path}</span> },
  { heading: 'Digest', width: '7.5rem', cell: ({ digest }) => <code title={digest}>{shortDigest(digest)}</code> },
  { heading: 'Objects', width: '4rem', cell: ({ objects }) => grouped(objects) },
  { heading: 'Size', width: '4.5rem', isMinor: true, cell: ({ bytes }) => bytesText(bytes) },
  { heading: 'Rendered by', width: '6rem', isMinor: true, cell: ({ tool }) => tool },
];
