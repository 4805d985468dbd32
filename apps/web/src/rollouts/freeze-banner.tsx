import { useQuery } from '@tanstack/react-query';
import { Time } from '../ui/time.js';
import { freeze } from './queries.js';

/** Says that the whole fleet is frozen, by whom and why; nothing while it is not. */
export function FreezeBanner() {
  const { data } = useQuery(freeze);
  if (!data?.freeze) return null;
  const { by, reason, since, until } = data.freeze;
  return (
    <div role="status" className="border-held bg-card flex flex-col gap-1 rounded-lg border-2 border-dashed p-3">
      <p className="text-strong font-medium break-words">
        The fleet is frozen by {by}: {reason}
      </p>
      <p className="text-muted">
        Since <Time at={since} />
        {until ? (
          <>
            , until <Time at={until} />
          </>
        ) : (
          ', until somebody lifts it'
        )}
        . No wave opens and nothing new is assigned; rollbacks go on.
      </p>
    </div>
  );
}
