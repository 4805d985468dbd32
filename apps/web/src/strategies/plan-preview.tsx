import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { PlanView as Plan, StrategyDocumentSpec } from '#contract';
import { api, HubProblem, part } from '../api/client.js';
import { PlanView } from '../plan/plan-view.js';
import { Refusal } from '../ui/act-dialog.js';
import { Spinner } from '../ui/button.js';
import { Failed, Loading } from '../ui/words.js';
import { useDebounced } from './use-debounced.js';

const SETTLED_MS = 600;

/** Over whose clusters a text is tried, and with which release: the newest unless told. */
export interface TrialOf {
  readonly application: string | undefined;
  readonly release: number | undefined;
}

/** What a start by this very text would do, over the fleet as it is; nothing is written. */
export function useDraftPlan({ application, release }: TrialOf, spec: StrategyDocumentSpec | undefined) {
  const text = spec === undefined ? '' : JSON.stringify(spec);
  const settled = useDebounced(text, SETTLED_MS);
  return useQuery({
    queryKey: ['application', application ?? '', 'draft-plan', release ?? 0, settled],
    queryFn: ({ signal }) =>
      api.post<Plan>(
        `/api/v1/applications/${part(application ?? '')}/plan`,
        { strategy: JSON.parse(settled) as unknown, ...(release !== undefined && { release }) },
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
    <div className={`flex flex-col gap-2`} aria-busy={isFetching}>
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
      <PlanView plan={tried(data)} />
    </div>
  );
}

/** That the release is on its way already is no fault of the strategy that is tried on it. */
function tried({ refused, running, ...plan }: Plan): Plan {
  if (refused?.code === 'nothing-to-start') return plan;
  return { ...plan, ...(refused && { refused }), ...(running && { running }) };
}
