import { useState } from 'react';
import { ActDialog } from '../ui/act-dialog.js';
import { SelectField } from '../ui/field.js';

/** Takes a release back: every cluster to the last one that it passed. */
export function RollbackDialog({ rollout, onClose }: { readonly rollout: string; readonly onClose: () => void }) {
  const [without, setWithout] = useState('');
  return (
    <ActDialog
      act={{
        title: `Roll back ${rollout}`,
        verb: 'Roll back',
        path: `/api/v1/rollouts/${encodeURIComponent(rollout)}/rollback`,
        body: without === '' ? {} : { withoutPrevious: without },
        reason: 'optional',
        isDangerous: true,
      }}
      onClose={onClose}
    >
      <p>
        Each cluster returns to the last release that it passed, failed ones first. The release is barred until somebody
        lifts it.
      </p>
      <SelectField
        label="Clusters that had nothing before"
        value={without}
        onChange={(event) => setWithout(event.target.value)}
      >
        <option value="">keep what they have</option>
        <option value="withdraw">take the application away</option>
      </SelectField>
    </ActDialog>
  );
}
