import { useState, type ReactNode } from 'react';
import type { CommandAnswer, RolloutView } from '#contract';
import { ActDialog } from '../ui/act-dialog.js';
import { SelectField } from '../ui/field.js';
import { actRequest, NO_FIELDS, type ActFields, type Asked } from './act-requests.js';
import { approvableWaves, skippableWaves } from './offered-acts.js';

/** Asks for an act of a rollout: its own fields, what the hub says that it would do, and the reason. */
export function RolloutActDialog({
  rollout,
  asked,
  onClose,
  onFollow,
}: {
  readonly rollout: RolloutView;
  readonly asked: Asked;
  readonly onClose: () => void;
  /** It made another rollout, which is to be looked at now. */
  readonly onFollow: (id: string) => void;
}) {
  const [fields, setFields] = useState<ActFields>(() => beginning(rollout, asked));
  // A yes is to what was on the screen when it was given.
  const [seenPlan] = useState(rollout.planDigest);
  const set = (more: Partial<ActFields>): void => setFields({ ...fields, ...more });
  return (
    <ActDialog
      act={actRequest(rollout, asked, fields, seenPlan)}
      onClose={onClose}
      onDone={(answer) => {
        const { rollout: next } = answer as unknown as CommandAnswer;
        if (next.id !== rollout.id) onFollow(next.id);
      }}
    >
      <Fields rollout={rollout} asked={asked} fields={fields} set={set} />
    </ActDialog>
  );
}

function beginning(rollout: RolloutView, { id, verb, clusters }: Asked): ActFields {
  if (id === 'pause' && verb === 'Pause hard') return { ...NO_FIELDS, hard: true };
  if (id === 'skip' && clusters === undefined) {
    const waves = skippableWaves(rollout);
    const current = rollout.waves[rollout.wave];
    const wave = waves.find(({ name }) => name === current?.name) ?? waves[0];
    return { ...NO_FIELDS, wave: wave?.name ?? '' };
  }
  if (id === 'approve' || id === 'reject') {
    const [first] = approvableWaves(rollout);
    return { ...NO_FIELDS, wave: first?.name ?? '' };
  }
  return NO_FIELDS;
}

function Fields({
  rollout,
  asked: { id, verb, clusters },
  fields,
  set,
}: {
  readonly rollout: RolloutView;
  readonly asked: Asked;
  readonly fields: ActFields;
  readonly set: (more: Partial<ActFields>) => void;
}): ReactNode {
  switch (id) {
    case 'pause':
      return verb === 'Pause hard' ? null : (
        <Check
          label="Hard: agents stop before their next object"
          hint="Otherwise what is in flight finishes. Either way nothing new is assigned, and a newer commit does not undo it."
          isChecked={fields.hard}
          onCheck={(hard) => set({ hard })}
        />
      );
    case 'resume':
      return (
        <Check
          label="Accept what failed, what is away, and what is deleted, as it is now"
          hint={acceptHint(rollout)}
          isChecked={fields.accept}
          onCheck={(accept) => set({ accept })}
        />
      );
    case 'approve':
    case 'reject':
      return <WaveField waves={approvableWaves(rollout)} fields={fields} set={set} />;
    case 'skip':
      return clusters === undefined ? <WaveField waves={skippableWaves(rollout)} fields={fields} set={set} /> : null;
    case 'rollback':
      return (
        <SelectField
          label="Clusters that had nothing before"
          hint="Every other one goes back to the last release that it passed."
          value={fields.withoutPrevious}
          onChange={({ target }) => set({ withoutPrevious: target.value as ActFields['withoutPrevious'] })}
        >
          <option value="">keep what they have (unless told)</option>
          <option value="keep">keep what they have</option>
          <option value="withdraw">have it removed</option>
        </SelectField>
      );
    case 'retry':
    case 'promote':
    case 'replan':
    case 'cancel':
      return null;
  }
}

/** What there is to accept. */
function acceptHint({ counts, drops = [], deletionsAccepted }: RolloutView): string {
  const objects = deletionsAccepted ? 0 : drops.reduce((sum, { dropped }) => sum + dropped, 0);
  const there = [
    counts.failed > 0 ? `${counts.failed} failed` : '',
    counts.deferred > 0 ? `${counts.deferred} put off` : '',
    objects > 0 ? `${objects} objects of its bundles deleted` : '',
  ].filter((text) => text !== '');
  return there.length === 0 ? 'There is nothing of that now.' : `Now: ${there.join(', ')}.`;
}

function WaveField({
  waves,
  fields,
  set,
}: {
  readonly waves: readonly { readonly name: string; readonly total: number }[];
  readonly fields: ActFields;
  readonly set: (more: Partial<ActFields>) => void;
}) {
  return (
    <SelectField label="Wave" value={fields.wave} onChange={({ target }) => set({ wave: target.value })}>
      {waves.map(({ name, total }) => (
        <option key={name} value={name}>
          {name} ({total} {total === 1 ? 'cluster' : 'clusters'})
        </option>
      ))}
    </SelectField>
  );
}

function Check({
  label,
  hint,
  isChecked,
  onCheck,
}: {
  readonly label: string;
  readonly hint: string;
  readonly isChecked: boolean;
  readonly onCheck: (isChecked: boolean) => void;
}) {
  return (
    <label className="flex items-start gap-3">
      <input
        type="checkbox"
        checked={isChecked}
        onChange={({ target }) => onCheck(target.checked)}
        className="accent-accent mt-0.5 size-6 shrink-0 sm:size-5"
      />
      <span className="flex flex-col">
        <span className="text-strong font-medium">{label}</span>
        <span className="text-muted">{hint}</span>
      </span>
    </label>
  );
}
