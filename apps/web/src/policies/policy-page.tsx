import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { PolicyFindingView } from '#contract';
import { formatSelector } from '#domain/label-selector-text';
import { useOfferActs } from '../shell/acts.js';
import { Copy } from '../ui/copy.js';
import { barBox } from '../ui/field.js';
import { FilterBox, useTyped } from '../ui/filter-box.js';
import { Card, Facts, Page } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { FindingList } from './finding-list.js';
import { chosenFindings } from './policy-rows.js';
import { policy, policyFindings, type PolicyObject } from './reads.js';
import { FINDINGS_SHOWN, type FindingsShown, type PolicySearch } from './search.js';

const SHOWN_WORDS: Readonly<Record<FindingsShown, string>> = {
  all: 'Now and of late',
  refused: 'Refused now',
  warned: 'Warned of now',
  over: 'Over',
};

/** One policy: what it wants of which objects, and where it refused or warned. */
export function PolicyPage() {
  const { name } = useParams({ from: '/policies/$name' });
  const title = `Policy ${name}`;
  const object = useQuery(policy(name));
  const found = useQuery(policyFindings(name));
  const error = object.data ? (found.data ? null : found.error) : object.error;
  if (error)
    return (
      <Page title={title}>
        <Failed
          error={error}
          what={`policy ${name}`}
          onRetry={() => Promise.all([object.refetch(), found.refetch()])}
        />
      </Page>
    );
  if (!object.data || !found.data)
    return (
      <Page title={title}>
        <Loading what="the policy" />
      </Page>
    );
  return <Known title={title} object={object.data} findings={found.data} />;
}

function Known({
  title,
  object: { metadata, spec },
  findings,
}: {
  readonly title: string;
  readonly object: PolicyObject;
  readonly findings: readonly PolicyFindingView[];
}) {
  const { name, declaredBy } = metadata;
  const { kinds, selector } = spec.match;
  return (
    <Page
      title={title}
      beside={
        <StateMark
          state={spec.mode === 'refuse' ? 'failed' : 'drifted'}
          word={spec.mode === 'refuse' ? 'refuses' : 'warns'}
        />
      }
    >
      <Facts
        of={[
          ['Of', kinds.map((kind) => (kind === '*' ? 'every kind' : kind)).join(', ')],
          ['On its way to', selector ? <code>{formatSelector(selector)}</code> : 'every cluster'],
          [
            'Where it says no',
            spec.mode === 'refuse' ? 'there is no release, and what runs stays' : 'it is told beside the release',
          ],
          ['Changed', metadata.updatedAt && <Time at={metadata.updatedAt} />],
          [
            'Declared by',
            declaredBy && (
              <Link to="/declared" className="text-accent underline">
                {declaredBy}
              </Link>
            ),
          ],
        ]}
      />
      <div className="grid min-w-0 grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Card title="Rules">
          <ul className="divide-line flex flex-col divide-y" aria-label="Rules">
            {spec.rules.map((rule) => (
              <Rule key={rule.name} rule={rule} findings={findings} />
            ))}
          </ul>
          <p className="text-muted">To change it, edit its file and apply that:</p>
          <Copy text={`flotilla get policy ${name} -o yaml`} />
        </Card>
        <Spoke name={name} findings={findings} />
      </div>
    </Page>
  );
}

function Rule({
  rule: { name, expression, message },
  findings,
}: {
  readonly rule: PolicyObject['spec']['rules'][number];
  readonly findings: readonly PolicyFindingView[];
}) {
  const standing = findings.filter(({ rule, until }) => rule === name && until === undefined).length;
  return (
    <li className="flex min-w-0 flex-col gap-1.5 py-3 first:pt-0 last:pb-0">
      <p className="flex flex-wrap items-baseline justify-between gap-x-3">
        <strong className="text-strong break-all">{name}</strong>
        <span className="text-muted">
          {standing === 0
            ? 'nothing now'
            : `says no to ${standing === 1 ? 'one application' : `${standing} applications`}`}
        </span>
      </p>
      <pre
        tabIndex={0}
        aria-label={`What ${name} asks`}
        className="bg-raised text-strong overflow-auto rounded-md p-2.5 text-xs leading-5 break-words whitespace-pre-wrap"
      >
        {expression}
      </pre>
      <p className="break-words">Else it says: {message}</p>
    </li>
  );
}

function Spoke({ name, findings }: { readonly name: string; readonly findings: readonly PolicyFindingView[] }) {
  const search = useSearch({ from: '/policies/$name' });
  const navigate = useNavigate();
  const typed = useTyped(search.q);
  const q = typed.text;
  const show = search.show ?? 'all';
  const look = (change: PolicySearch): void => {
    navigate({ to: '/policies/$name', params: { name }, search: { ...search, ...change }, replace: true }).catch(
      () => undefined,
    );
  };
  useOfferActs(
    useMemo(
      () =>
        FINDINGS_SHOWN.map((each) => ({
          name: `Findings of ${name}: ${SHOWN_WORDS[each].toLowerCase()}`,
          run: () => {
            navigate({ to: '/policies/$name', params: { name }, search: { show: each } }).catch(() => undefined);
          },
        })),
      [name, navigate],
    ),
  );
  const chosen = chosenFindings(findings, { q, show });
  return (
    <Card title="Where it said no">
      <div className="flex flex-wrap gap-2">
        <FilterBox
          typed={typed}
          onText={(text) => look({ q: text })}
          label="Filter findings"
          placeholder="Application, object, cluster …"
          className="w-full sm:w-64"
        />
        <select
          aria-label="Which findings"
          value={show}
          onChange={(event) => look({ show: event.target.value as FindingsShown })}
          className={barBox}
        >
          {FINDINGS_SHOWN.map((each) => (
            <option key={each} value={each}>
              {SHOWN_WORDS[each]} ({chosenFindings(findings, { q: '', show: each }).length})
            </option>
          ))}
        </select>
      </div>
      {findings.length === 0 ? (
        <Empty title="It has said nothing for 30 days">
          Every object that it is asked of is as it wants them, or there is none.
        </Empty>
      ) : chosen.length === 0 ? (
        <Empty title="No finding is like that">
          <button type="button" className="text-accent min-h-11 underline" onClick={() => look({ q: '', show: 'all' })}>
            Show all of them
          </button>
        </Empty>
      ) : (
        <FindingList findings={chosen} />
      )}
    </Card>
  );
}
