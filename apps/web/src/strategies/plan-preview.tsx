import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { PlanView as Plan, StrategyDocumentSpec } from '#contract';
import { api, part } from '../api/client.js';
import { PlanView } from '../plan/plan-view.js';
import { Refusal } from '../ui/act-dialog.js';
import { Spinner } from '../ui/button.js';
import { Failed, Loading } from '../ui/words.js';
import { HubProblem } from '../api/client.js';
import { useDebounced } from './use-debounced.js';

const SETTLED_MS = 600;

/** What a start of the newest release by this very text would do, over the fleet as it is; nothing is written. */
export function useDraftPlan(application: string | undefined, spec: StrategyDocumentSpec | undefined) {
  const text = spec === undefined ? '' : JSON.stringify(spec);
  const settled = useDebounced(text, SETTLED_MS);
  return useQuery({
    queryKey: ['application', application ?? '', 'draft-plan', settled],
    queryFn: ({ signal }) =>
      api.post<Plan>(
        `/api/v1/applications/${part(application ?? '')}/plan`,
        { strategy: JSON.parse(settled) as unknown },
        { signal },
      ),
    enabled: application !== undefined && settled !== '' && settled === text,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 5_000,
    gcTime: 60_000,
  });
}

export function PlanPreview({
  plan,
  application,
  isRight,
}: {
  readonly plan: ReturnType<typeof useDraftPlan>;
  readonly application: string;
  /** Whether the text is a strategy; else the last plan is old. */
  readonly isRight: boolean;
}) {
  const { data, error, isFetching } = plan;
  if (error) {
    const isDenied = error instanceof HubProblem && error.problem.status === 403;
    return isDenied ? (
      <Failed error={error} what={`the plan of ${application}`} />
    ) : (
      <div className="border-line rounded-lg border p-4">
        <p className="text-strong mb-1 font-medium">There is no plan for {application}</p>
        <Refusal error={error} />
      </div>
    );
  }
  if (!data)
    return isRight ? <Loading what="the plan" /> : <p className="text-muted p-4">Mend the text, and it is planned.</p>;
  return (
    <div className={`flex flex-col gap-2 ${isRight ? '' : 'opacity-60'}`} aria-busy={isFetching}>
      <p role="status" className="text-muted flex min-h-5 items-center gap-2">
        {!isRight ? (
          'The plan of the text before: mend it, and it is planned anew.'
        ) : isFetching ? (
          <>
            <Spinner /> Planning …
          </>
        ) : (
          'Planned over the fleet as it is now; nothing is written.'
        )}
      </p>
      <PlanView plan={data} />
    </div>
  );
}
