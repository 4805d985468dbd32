import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { PolicyFindingView } from '#contract';
import { Button } from '../ui/button.js';
import { StateMark } from '../ui/state-mark.js';
import { counted, namesText } from '../ui/text.js';
import { Time } from '../ui/time.js';

/** As many as are shown before somebody asks for more. */
const SHOWN = 50;
const LINK = 'text-accent underline';

/** What a policy refused or warned of, one application and rule a row. */
export function FindingList({ findings }: { readonly findings: readonly PolicyFindingView[] }) {
  const [shown, setShown] = useState(SHOWN);
  return (
    <>
      <ul className="divide-line flex flex-col divide-y" aria-label="Findings">
        {findings.slice(0, shown).map((finding) => (
          <Finding key={`${finding.application} ${finding.rule}`} finding={finding} />
        ))}
      </ul>
      {findings.length > shown && (
        <Button onClick={() => setShown(shown + SHOWN)}>
          Show {Math.min(SHOWN, findings.length - shown)} more of {findings.length}
        </Button>
      )}
    </>
  );
}

function Finding({ finding }: { readonly finding: PolicyFindingView }) {
  const { application, rule, outcome, message, objects, objectCount, clusters, clusterCount, since, until } = finding;
  const isOver = until !== undefined;
  return (
    <li className="flex min-w-0 flex-col gap-1 py-3 first:pt-0 last:pb-0">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        {isOver ? (
          <StateMark state="none" word={`${outcome}, and over`} />
        ) : (
          <StateMark state={outcome === 'refused' ? 'failed' : 'drifted'} word={outcome} />
        )}
        <Link to="/applications/$name" params={{ name: application }} className={LINK}>
          {application}
        </Link>
        <span className="text-muted">
          {isOver ? 'until' : 'since'} <Time at={until ?? since} />
        </span>
      </p>
      <p className="text-strong min-w-0 break-words">
        {namesText(objects, objectCount)}: {message} <span className="text-muted">(rule {rule})</span>
      </p>
      <p className="text-muted min-w-0 break-words">
        {clusterCount === 1 ? 'On its way to ' : `On its way to ${counted(clusterCount, 'cluster')}: `}
        {clusters.map((name, index) => (
          <span key={name}>
            {index > 0 && ', '}
            <Link to="/clusters/$name" params={{ name }} className={LINK}>
              {name}
            </Link>
          </span>
        ))}
        {clusterCount > clusters.length && ' …'}
      </p>
    </li>
  );
}
