import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import { whoami } from '../api/queries.js';
import { Page } from '../ui/page.js';
import { Failed, Loading } from '../ui/words.js';
import { strategy, strategySchema } from './reads.js';
import { NEW_STRATEGY } from './search.js';
import { StrategyEditor } from './strategy-editor.js';

/** What a new one begins as, unless told. */
const SHIPPED = 'default';

/** One strategy, or one that is being written: its text, what it does to the fleet, and what may become of it. */
export function StrategyPage() {
  const { name } = useParams({ from: '/strategies/$name' });
  const { from } = useSearch({ from: '/strategies/$name' });
  const isNew = name === NEW_STRATEGY;
  const me = useQuery(whoami);
  const schema = useQuery(strategySchema);
  const stored = useQuery(strategy(isNew ? (from ?? SHIPPED) : name));
  const title = isNew ? 'New strategy' : `Strategy ${name}`;
  const error = stored.data ? null : (stored.error ?? schema.error);
  if (error)
    return (
      <Page title={title}>
        <Failed
          error={error}
          what={`strategy ${isNew ? (from ?? SHIPPED) : name}`}
          onRetry={() => Promise.all([stored.refetch(), schema.refetch()])}
        />
      </Page>
    );
  if (!stored.data || !schema.data || !me.data)
    return (
      <Page title={title}>
        <Loading what="the strategy" />
      </Page>
    );
  return (
    <StrategyEditor key={name} title={title} isNew={isNew} stored={stored.data} schema={schema.data} me={me.data} />
  );
}
