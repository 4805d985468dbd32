import { Link } from '@tanstack/react-router';
import type { FleetDrift, FleetStatus } from '#contract';
import { Time } from '../ui/time.js';
import { Empty } from '../ui/words.js';
import { withWord } from './declared-words.js';
import { ObjectChanges } from './object-changes.js';

/** What is not as the files say: who changed it, when and why, and the difference. */
export function DriftTab({ status: { drift, byHand }, q }: { readonly status: FleetStatus; readonly q: string }) {
  const chosen = withWord(drift, q);
  if (drift.length === 0)
    return (
      <Empty title="Nothing was changed by hand">
        {byHand === 'refuse'
          ? 'What the files declare is refused to be changed by hand.'
          : 'What somebody changes by hand is shown here until the files are applied again.'}
      </Empty>
    );
  if (chosen.length === 0) return <Empty title="No object is like that" />;
  return (
    <ObjectChanges
      what="Changed by hand"
      changes={chosen.map((each) => ({
        ...each,
        word: each.change === 'deleted' ? 'deleted by hand' : 'changed by hand',
        ...{ before: each.declared, after: each.now, more: <Author of={each} /> },
      }))}
    />
  );
}

function Author({ of: { kind, name, by, at, reason } }: { readonly of: FleetDrift }) {
  if (by === undefined) return <p className="text-muted">Who changed it is not known; the audit may have it.</p>;
  return (
    <p className="min-w-0 break-words">
      by{' '}
      <Link
        to="/activity"
        search={{ kind: 'audit', object: `${kind}/${name}` }}
        className="text-accent underline"
        aria-label={`${by}: what the audit has of ${kind} ${name}`}
      >
        {by}
      </Link>{' '}
      <Time at={at} />
      {reason === undefined ? <span className="text-muted">, without a reason</span> : `: ${reason}`}
    </p>
  );
}
