import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { StrategyDocumentSpec } from '#contract';
import { applications, releases } from '../api/queries.js';
import { SelectField } from '../ui/field.js';
import { Tabs } from '../ui/tabs.js';
import { Empty } from '../ui/words.js';
import { AllFields } from './field-help.js';
import type { JsonSchema } from './json-schema.js';
import { PlanPreview, type TrialOf, type useDraftPlan } from './plan-preview.js';
import { Rehearsal } from './rehearsal.js';

const TABS = [
  ['plan', 'Plan'],
  ['rehearsal', 'Rehearsal'],
  ['fields', 'All fields'],
] as const;

/** Over whose clusters the text is tried: as the address says, else an application that uses the strategy, else any. */
export function useTrialOf(strategyName: string): TrialOf {
  const { application, release } = useSearch({ from: '/strategies/$name' });
  const { data = [] } = useQuery(applications);
  const first = data.find(({ spec }) => spec.strategy === strategyName) ?? data[0];
  return { application: application ?? first?.metadata.name, release };
}

/** What the text would do: planned and rehearsed over the present fleet. */
export function Trial({
  of: { application, release },
  plan,
  spec,
  saved,
  schema,
}: {
  readonly of: TrialOf;
  readonly plan: ReturnType<typeof useDraftPlan>;
  readonly spec: StrategyDocumentSpec | undefined;
  readonly saved: string | undefined;
  readonly schema: JsonSchema;
}) {
  const { tab = 'plan' } = useSearch({ from: '/strategies/$name' });
  const navigate = useNavigate({ from: '/strategies/$name' });
  const { data = [] } = useQuery(applications);
  const names = data.map(({ metadata }) => metadata.name);
  const go = (part: {
    readonly tab?: typeof tab;
    readonly application?: string;
    readonly release?: number | undefined;
  }): void => {
    navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false }).catch(
      () => undefined,
    );
  };
  return (
    <Tabs label="What it would do" tabs={TABS} chosen={tab} onChoose={(chosen) => go({ tab: chosen })}>
      {tab === 'fields' ? (
        <AllFields schema={schema} />
      ) : application === undefined ? (
        <Empty title="There is no application to try it on">
          Plans and rehearsals are made over the clusters of an application.
        </Empty>
      ) : (
        <div className="flex min-w-0 flex-col gap-4">
          <div className="grid max-w-2xl grid-cols-1 gap-3 sm:grid-cols-2">
            <SelectField
              label="Over the clusters of"
              value={application}
              onChange={(event) => go({ application: event.target.value, release: undefined })}
            >
              {names.includes(application) ? null : <option>{application}</option>}
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </SelectField>
            <ReleaseField application={application} release={release} onChange={(chosen) => go({ release: chosen })} />
          </div>
          {tab === 'plan' ? (
            <PlanPreview plan={plan} application={application} isRight={spec !== undefined} />
          ) : (
            <Rehearsal key={application} of={{ application, release }} spec={spec} saved={saved} />
          )}
        </div>
      )}
    </Tabs>
  );
}

function ReleaseField({
  application,
  release,
  onChange,
}: {
  readonly application: string;
  readonly release: number | undefined;
  readonly onChange: (release: number | undefined) => void;
}) {
  const { data = [] } = useQuery(releases(application));
  const numbers = data.map((each) => each.release);
  return (
    <SelectField
      label="Release"
      value={release ?? ''}
      onChange={(event) => onChange(event.target.value === '' ? undefined : Number(event.target.value))}
    >
      <option value="">the newest</option>
      {release !== undefined && !numbers.includes(release) && <option>{release}</option>}
      {numbers.map((number) => (
        <option key={number}>{number}</option>
      ))}
    </SelectField>
  );
}
