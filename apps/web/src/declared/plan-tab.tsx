import type { UseQueryResult } from '@tanstack/react-query';
import type { FleetPlan } from '#contract';
import { HubProblem } from '../api/client.js';
import { Notice } from '../ui/notice.js';
import { counted, shortRevision } from '../ui/text.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { CHANGE_WORDS, withWord } from './declared-words.js';
import { ObjectChanges } from './object-changes.js';

/** What the newest commit would do: the hub tried it, and undid it. */
export function PlanTab({ plan, q }: { readonly plan: UseQueryResult<FleetPlan>; readonly q: string }) {
  if (isRefusal(plan.error)) return <Refused problem={plan.error} />;
  if (plan.error && !plan.data)
    return <Failed error={plan.error} what="what the commit would do" onRetry={() => plan.refetch()} />;
  if (!plan.data) return <Loading what="what the newest commit would do: the hub tries it" />;
  const { revision, objects, changes, hold } = plan.data;
  const chosen = withWord(changes, q);
  return (
    <div className="flex flex-col gap-3">
      {hold && (
        <Notice tone="warn" title={hold.message}>
          <p>Nothing is deleted until somebody says that it is meant.</p>
        </Notice>
      )}
      <p>
        Commit <code>{shortRevision(revision)}</code> declares {counted(objects, 'object')};{' '}
        {changes.length === 0 ? 'nothing would change.' : `${counted(changes.length, 'change')}:`}
      </p>
      {changes.length > 0 && chosen.length === 0 && <Empty title="No change is like that" />}
      <ObjectChanges
        what="What would change"
        changes={chosen.map((change) => ({ ...change, word: CHANGE_WORDS[change.change] }))}
      />
    </div>
  );
}

/** Whether the hub looked at the commit, and would not take it. */
export function isRefusal(error: unknown): error is HubProblem {
  return error instanceof HubProblem && error.problem.status < 500 && error.problem.status !== 403;
}

/** Why nothing of the commit is taken: each file that is refused, and the mend. */
function Refused({ problem: { problem } }: { readonly problem: HubProblem }) {
  const errors = problem.errors ?? [];
  return (
    <Notice tone="bad" title="Nothing of the newest commit is taken: mend it, and commit">
      {errors.length === 0 ? (
        <p className="break-words">{problem.detail}</p>
      ) : (
        <ul className="flex list-disc flex-col gap-1 pl-5" aria-label="Refused files">
          {errors.map(({ path, message }) => (
            <li key={`${path} ${message}`} className="break-words">
              <code className="text-strong">{path}</code>{' '}
              {message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message}
            </li>
          ))}
        </ul>
      )}
      <code className="text-muted text-xs">{problem.code}</code>
    </Notice>
  );
}
