import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { CommandAnswer, PlanView } from '#contract';
import { ActDialog } from '../ui/act-dialog.js';
import { Button } from '../ui/button.js';
import { counted, shortDigest } from '../ui/text.js';

/** Starts what was planned and nothing else; `onChanged`: it was refused, as the plan is another one by now. */
export function StartDialog({
  plan,
  onClose,
  onChanged,
}: {
  readonly plan: PlanView;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}) {
  const navigate = useNavigate();
  const { application, release, digest, total, waves, strategy } = plan;
  const [skipDryRun, skip] = useState(false);
  return (
    <ActDialog
      act={{
        title: `Roll out release ${release} of ${application}`,
        verb: 'Start the rollout',
        path: `/api/v1/applications/${encodeURIComponent(application)}/rollouts`,
        body: { release, plan: digest, ...(skipDryRun && { skipDryRun }) },
        reason: 'optional',
        mend: (code) => {
          if (code === 'plan-changed') return <Mend onClick={onChanged} text="Show the plan as it is now" />;
          // The API servers of the first wave would not take it, or so they say.
          if (code !== 'validation' || skipDryRun) return null;
          return <Mend onClick={() => skip(true)} text="Start it without asking them" />;
        },
      }}
      onClose={onClose}
      onDone={(answer) => {
        const { id } = (answer as CommandAnswer).rollout;
        navigate({ to: '/rollouts/$id', params: { id } }).catch(() => undefined);
      }}
    >
      <p>
        To {counted(total, 'cluster')} in {counted(waves.length, 'wave')} by strategy {strategy}, as planned:{' '}
        <code title={digest}>{shortDigest(digest)}</code>
      </p>
      {skipDryRun && <p>The API servers of the first wave are not asked again: press Start the rollout.</p>}
    </ActDialog>
  );
}

function Mend({ text, onClick }: { readonly text: string; readonly onClick: () => void }) {
  return (
    <span className="mt-1">
      <Button onClick={onClick}>{text}</Button>
    </span>
  );
}
