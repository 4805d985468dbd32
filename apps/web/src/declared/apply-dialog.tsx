import { useState } from 'react';
import type { FleetPlan } from '#contract';
import { ActDialog } from '../ui/act-dialog.js';
import { shortRevision } from '../ui/text.js';
import { applyAnswer } from './declared-words.js';

/** Makes the fleet what the newest commit says; however much goes, where a person ticks that. */
export function ApplyDialog({
  revision,
  onClose,
}: {
  readonly revision: string | undefined;
  readonly onClose: () => void;
}) {
  const [acceptDeletions, setAccept] = useState(false);
  return (
    <ActDialog
      act={{
        title: `Make the fleet what commit ${shortRevision(revision)} says`,
        verb: acceptDeletions ? 'Apply and delete' : 'Apply',
        path: '/api/v1/declared/apply',
        body: { acceptDeletions },
        reason: 'required',
        isDangerous: acceptDeletions,
        read: (plan: FleetPlan) => applyAnswer(plan),
        mend: (code) =>
          code === 'fleet-deletions' && (
            <p className="text-text">
              Is it meant to go? Then tick the box above, and look at what would be deleted. Else put the files back.
            </p>
          ),
      }}
      onClose={onClose}
    >
      <p>What people changed by hand is put back, and what the files do not declare any more is deleted.</p>
      <label className="flex min-h-11 items-start gap-2 sm:min-h-8">
        <input
          type="checkbox"
          checked={acceptDeletions}
          onChange={(event) => setAccept(event.target.checked)}
          className="accent-accent mt-1 size-4 shrink-0"
        />
        Delete what is not declared any more, also where that is more than a third of it
      </label>
    </ActDialog>
  );
}
