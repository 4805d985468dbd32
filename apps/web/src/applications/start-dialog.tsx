import { useNavigate } from '@tanstack/react-router';
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
  return (
    <ActDialog
      act={{
        title: `Roll out release ${release} of ${application}`,
        verb: 'Start the rollout',
        path: `/api/v1/applications/${encodeURIComponent(application)}/rollouts`,
        body: { release, plan: digest },
        reason: 'optional',
        mend: (code) =>
          code === 'plan-changed' && (
            <span className="mt-1">
              <Button onClick={onChanged}>Show the plan as it is now</Button>
            </span>
          ),
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
    </ActDialog>
  );
}
