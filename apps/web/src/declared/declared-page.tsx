import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { FleetStatus } from '#contract';
import { HubProblem } from '../api/client.js';
import { whoami } from '../api/queries.js';
import { whyNotEverywhere } from '../api/rights.js';
import { SourceCard } from '../applications/source-card.js';
import { useOfferActs } from '../shell/acts.js';
import { Button } from '../ui/button.js';
import { Copy } from '../ui/copy.js';
import { FilterBox, useTyped } from '../ui/filter-box.js';
import { Notice } from '../ui/notice.js';
import { Facts, Page } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { Tabs } from '../ui/tabs.js';
import { counted, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty, Failed, Loading } from '../ui/words.js';
import { ApplyDialog } from './apply-dialog.js';
import { STATE_LOOKS, stateSentence } from './declared-words.js';
import { DriftTab } from './drift-tab.js';
import { isRefusal, PlanTab } from './plan-tab.js';
import { declaredPlan, declaredStatus } from './reads.js';
import type { DeclaredSearch, DeclaredTab } from './search.js';
import { UndeclaredTab } from './undeclared-tab.js';

const TITLE = 'Declared in Git';

/** The hub's own objects as a repository declares them: which commit is in force, what is in its way, and what people changed since. */
export function DeclaredPage() {
  const status = useQuery(declaredStatus);
  const isNotDeclared = status.error instanceof HubProblem && status.error.problem.status === 404;
  if (isNotDeclared)
    return (
      <Page title={TITLE}>
        <Empty title="No repository declares this fleet">
          <p className="mb-3">
            Sources, strategies, policies, applications and labels can live in Git: a commit is then taken whole or not
            at all, with a plan before, and what people change by hand is shown. An export is how one begins:
          </p>
          <Copy text="flotilla export --to fleet/" />
        </Empty>
      </Page>
    );
  if (status.error && !status.data)
    return (
      <Page title={TITLE}>
        <Failed error={status.error} what="what Git declares" onRetry={() => status.refetch()} />
      </Page>
    );
  if (!status.data)
    return (
      <Page title={TITLE}>
        <Loading what="what Git declares" />
      </Page>
    );
  return <Known status={status.data} />;
}

function Known({ status }: { readonly status: FleetStatus }) {
  const search = useSearch({ from: '/declared' });
  const navigate = useNavigate();
  const me = useQuery(whoami);
  const denied = whyNotEverywhere(me.data, 'admin');
  const [isApplying, setApplying] = useState(false);
  const typed = useTyped(search.q);
  const q = typed.text;
  const plan = useQuery({ ...declaredPlan(status), enabled: status.revision !== undefined });
  // Of a commit that waits for a person nobody knows whether it can be taken, until it is tried.
  const shown: FleetStatus = isRefusal(plan.error) ? { ...status, state: 'held' } : status;
  const { source, revision, holds, drift, undeclared } = status;
  const tab = search.tab ?? (drift.length > 0 && status.state === 'drifted' ? 'drift' : 'plan');
  const look = (change: DeclaredSearch): void => {
    navigate({ to: '/declared', search: { ...search, ...change }, replace: change.q !== undefined }).catch(
      () => undefined,
    );
  };
  const canApply = denied === null && revision !== undefined;
  useOfferActs(
    useMemo(() => {
      const show = (name: string, to: DeclaredTab) => ({
        name,
        run: () => void navigate({ to: '/declared', search: { tab: to } }).catch(() => undefined),
      });
      return [
        ...(canApply ? [{ name: 'Apply the newest commit of the fleet', run: () => setApplying(true) }] : []),
        show('Show what the newest commit would do', 'plan'),
        show('Show what was changed by hand', 'drift'),
        show('Show what no file declares', 'undeclared'),
      ];
    }, [canApply, navigate]),
  );
  const tabs: readonly (readonly [DeclaredTab, string])[] = [
    ['plan', `Newest commit${plan.data ? ` (${plan.data.changes.length})` : ''}`],
    ['drift', `Changed by hand (${drift.length})`],
    ['undeclared', `In no file (${undeclared.length >= 100 ? '100+' : undeclared.length})`],
    ['source', 'Repository'],
  ];
  return (
    <Page
      title={TITLE}
      beside={<StateMark {...STATE_LOOKS[shown.state]} />}
      actions={
        <Button
          tone={status.state === 'current' ? 'plain' : 'primary'}
          disabled={!canApply}
          title={denied ?? undefined}
          onClick={() => setApplying(true)}
        >
          Apply …
        </Button>
      }
    >
      <p
        className="border-line bg-card text-strong rounded-lg border p-3 text-[0.95rem] font-medium break-words"
        role="status"
      >
        {stateSentence(shown)}
      </p>
      {/* The plan tells it file by file. */}
      {holds
        .filter(({ code }) => !(tab === 'plan' && (code === 'fleet' || code === 'deletions') && !plan.isPending))
        .map((hold) => (
          <Notice
            key={`${hold.code} ${hold.message}`}
            tone={hold.code === 'deletions' ? 'warn' : 'bad'}
            title={hold.message}
          >
            <p className="text-muted">
              <code>{hold.code}</code> since <Time at={hold.since} />
            </p>
          </Notice>
        ))}
      <Summary status={status} />
      {denied !== null && <p className="text-muted">{denied}</p>}
      <Tabs label={TITLE} tabs={tabs} chosen={tab} onChoose={(id) => look({ tab: id })}>
        <div className="flex flex-col gap-3">
          {tab !== 'source' && (
            <FilterBox
              typed={typed}
              onText={(text) => look({ q: text })}
              label="Filter objects"
              placeholder="Filter by kind, name, file …"
            />
          )}
          {tab === 'plan' &&
            (revision === undefined ? (
              <Empty title="The repository has not been read yet">What is in its way stands with the repository.</Empty>
            ) : (
              <PlanTab plan={plan} q={q} />
            ))}
          {tab === 'drift' && <DriftTab status={status} q={q} />}
          {tab === 'undeclared' && <UndeclaredTab of={undeclared} q={q} />}
          {tab === 'source' && <SourceCard name={source} denied={whyNotEverywhere(me.data, 'operator')} />}
        </div>
      </Tabs>
      {isApplying && <ApplyDialog revision={revision} onClose={() => setApplying(false)} />}
    </Page>
  );
}

function Summary({ status }: { readonly status: FleetStatus }) {
  const { source, path, revision, applied, apply, byHand, prune } = status;
  return (
    <div className="flex flex-col gap-2">
      <Facts
        of={[
          [
            'Applied',
            applied ? (
              <>
                commit <code>{shortRevision(applied.revision)}</code>, {counted(applied.objects, 'object')},{' '}
                <Time at={applied.at} />
              </>
            ) : (
              'nothing yet'
            ),
          ],
          ['Newest', revision === applied?.revision ? undefined : revision && <code>{shortRevision(revision)}</code>],
          ['Where', path === '.' ? `source ${source}` : `folder ${path} of source ${source}`],
        ]}
      />
      <p className="text-muted max-w-prose">
        A new commit {apply === 'manual' ? 'waits for a person' : 'is applied when it is seen'}. Changes by hand{' '}
        {byHand === 'refuse' ? 'are refused' : 'are shown, and put back with the next commit'}. What files declare no
        more is {prune ? 'deleted' : 'left as it is'}.
      </p>
    </div>
  );
}
