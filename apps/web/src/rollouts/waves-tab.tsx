import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { RolloutView, TargetView } from '#contract';
import { WaveLane } from './wave-lane.js';

/** The waves as lanes, in their order. */
export function WavesTab({
  rollout,
  targets,
}: {
  readonly rollout: RolloutView;
  readonly targets: readonly TargetView[];
}) {
  const navigate = useNavigate();
  const byWave = useMemo(() => groupByWave(targets), [targets]);
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {rollout.waves.map((wave, index) => (
        <WaveLane
          key={wave.name}
          wave={wave}
          number={index + 1}
          targets={byWave.get(index) ?? NOBODY}
          at={rollout.at}
          isPaused={rollout.paused && index === rollout.wave}
          isCurrent={rollout.state === 'running' && index === rollout.wave}
          onOpen={({ cluster }) =>
            void navigate({ to: '/clusters/$name', params: { name: cluster } }).catch(() => undefined)
          }
        />
      ))}
    </div>
  );
}

const NOBODY: readonly TargetView[] = [];

function groupByWave(targets: readonly TargetView[]): ReadonlyMap<number, readonly TargetView[]> {
  const groups = new Map<number, TargetView[]>();
  for (const target of targets) {
    const group = groups.get(target.wave);
    if (group) group.push(target);
    else groups.set(target.wave, [target]);
  }
  return groups;
}
