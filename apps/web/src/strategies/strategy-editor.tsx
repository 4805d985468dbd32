import { useQuery } from '@tanstack/react-query';
import { useBlocker, useNavigate } from '@tanstack/react-router';
import { useId, useMemo, useRef, useState } from 'react';
import type { Whoami } from '#contract';
import { applications } from '../api/queries.js';
import { useOfferActs } from '../shell/acts.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Card, Page } from '../ui/page.js';
import { DeleteDialog } from './delete-dialog.js';
import { Editor, type EditorHandle } from './editor.js';
import { FieldHelp } from './field-help.js';
import type { JsonSchema } from './json-schema.js';
import { OutlineView } from './outline-view.js';
import { useDraftPlan } from './plan-preview.js';
import { Problems } from './problems.js';
import { pathAt } from './read-draft.js';
import { mayWriteStrategies, type StrategyObject } from './reads.js';
import { SaveDialog } from './save-dialog.js';
import { documentText } from './strategy-text.js';
import { Trial, useTrialOf } from './trial.js';
import { useCheckedDraft } from './use-checked-draft.js';

/** Text on the one side, what it is and does on the other, and below it what it would do to a fleet. */
export function StrategyEditor({
  title,
  isNew,
  stored,
  schema,
  me,
}: {
  readonly title: string;
  readonly isNew: boolean;
  /** As it is saved; of a new one what it begins as. */
  readonly stored: StrategyObject;
  readonly schema: JsonSchema;
  readonly me: Whoami;
}) {
  const navigate = useNavigate();
  const savedText = documentText(stored, isNew ? `my-${stored.metadata.name}` : stored.metadata.name, schema);
  // What was there when somebody began to type; what comes meanwhile is told, and never put over their text.
  const [base, setBase] = useState(savedText);
  const [text, setText] = useState(savedText);
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState<'save' | 'delete' | null>(null);
  const isDirty = text !== base;
  const isOutrun = savedText !== base;
  // Nobody has typed: what is saved now is shown.
  if (isOutrun && !isDirty) {
    setBase(savedText);
    setText(savedText);
  }
  const handle = useRef<EditorHandle>(null);
  const problemsId = useId();
  const mayWrite = mayWriteStrategies(me);
  const checked = useCheckedDraft(text, schema, mayWrite);
  const { document, draft } = checked;
  const name = document?.metadata.name ?? stored.metadata.name;
  const apps = useQuery(applications);
  const usedBy = (apps.data ?? []).filter(({ spec }) => spec.strategy === name).map(({ metadata }) => metadata.name);
  const trialOf = useTrialOf(stored.metadata.name);
  const plan = useDraftPlan(trialOf, document?.spec);
  const isSaving = useRef(false);
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && !isSaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  });
  const goTo = (to: string): void => {
    isSaving.current = true;
    navigate({ to: '/strategies/$name', params: { name: to }, search: (before) => ({ ...before, from: undefined }) })
      .catch(() => undefined)
      .finally(() => (isSaving.current = false));
  };
  const canSave = mayWrite && document !== undefined && (isDirty || isNew);
  useOfferActs(useMemo(() => (canSave ? [{ name: 'Save the strategy', run: () => setOpen('save') }] : []), [canSave]));
  return (
    <Page
      title={title}
      beside={<span className="text-muted">{isDirty ? 'not saved' : isNew ? '' : 'as it is saved'}</span>}
      actions={
        <>
          {!isNew && (
            <Button
              onClick={() =>
                void navigate({
                  to: '/strategies/$name',
                  params: { name: '+new' },
                  search: { from: stored.metadata.name },
                }).catch(() => undefined)
              }
            >
              Copy
            </Button>
          )}
          {!isNew && stored.metadata.updatedAt !== undefined && (
            <Button disabled={!mayWrite} onClick={() => setOpen('delete')}>
              Delete …
            </Button>
          )}
          {isDirty && <Button onClick={() => setText(base)}>Undo all</Button>}
          <Button tone="primary" disabled={!canSave} onClick={() => setOpen('save')}>
            Save …
          </Button>
        </>
      }
    >
      {!mayWrite && (
        <p className="bg-raised rounded-md p-3">
          You may try a strategy here, and not save it: strategies reach every application that uses them, so an
          operator or admin of the whole hub saves them.
        </p>
      )}
      {isOutrun && isDirty && (
        <div role="alert" className="border-warn flex flex-wrap items-center gap-3 rounded-md border p-3">
          <p className="min-w-0 flex-1">
            Somebody saved another version while you were writing; yours would replace it.
          </p>
          <Button
            onClick={() => {
              setBase(savedText);
              setText(savedText);
            }}
          >
            Take theirs
          </Button>
          <Button onClick={() => setBase(savedText)}>Keep mine</Button>
        </div>
      )}
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(20rem,2fr)]">
        <div className="flex min-w-0 flex-col gap-3">
          <Editor
            label="Strategy, as YAML or JSON"
            text={text}
            problems={checked.problems}
            describedBy={problemsId}
            onChange={setText}
            onCursor={setCursor}
            handle={handle}
          />
          <Problems id={problemsId} checked={checked} onGo={(line) => handle.current?.goTo(line)} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Card title="Waves">
            <OutlineView
              document={draft.state === 'read' ? draft.value : null}
              totals={document && plan.data ? plan.data.waves.map(({ total }) => total) : null}
            />
          </Card>
          <Card title="At the cursor">
            <FieldHelp schema={schema} path={draft.state === 'read' ? pathAt(cursor, draft.places) : undefined} />
          </Card>
        </div>
      </div>
      <Trial
        of={trialOf}
        plan={plan}
        spec={document?.spec}
        saved={isNew || !isDirty ? undefined : stored.metadata.name}
        schema={schema}
      />
      {open === 'save' && document && (
        <SaveDialog
          name={name}
          document={document}
          usedBy={usedBy}
          onClose={() => setOpen(null)}
          onSaved={() => {
            setOpen(null);
            setBase(text);
            if (isNew || name !== stored.metadata.name) goTo(name);
          }}
        />
      )}
      {open === 'delete' && (
        <DeleteDialog
          name={stored.metadata.name}
          usedBy={(apps.data ?? [])
            .filter(({ spec }) => spec.strategy === stored.metadata.name)
            .map(({ metadata }) => metadata.name)}
          onClose={() => setOpen(null)}
          onDeleted={() => {
            isSaving.current = true;
            navigate({ to: '/strategies' }).catch(() => undefined);
          }}
        />
      )}
      {leaving.status === 'blocked' && (
        <Dialog title="Leave what you wrote?" onClose={leaving.reset}>
          <p>The strategy is not saved. Whoever leaves the page loses the text.</p>
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={leaving.reset}>Stay</Button>
            <Button tone="danger" onClick={leaving.proceed}>
              Leave
            </Button>
          </div>
        </Dialog>
      )}
    </Page>
  );
}
