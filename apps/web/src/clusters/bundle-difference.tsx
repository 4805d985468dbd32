import { useQuery } from '@tanstack/react-query';
import type { BundledObjectDiff } from '#contract';
import { DiffText } from '../ui/diff-text.js';
import { StateMark } from '../ui/state-mark.js';
import { counted } from '../ui/text.js';
import { Failed, Loading } from '../ui/words.js';
import { bundleDiff } from './queries.js';

const WORDS: Readonly<Record<BundledObjectDiff['change'], { readonly word: string; readonly state: string }>> = {
  added: { word: 'only in the second', state: 'progressing' },
  removed: { word: 'only in the first', state: 'leaving' },
  changed: { word: 'differs', state: 'drifted' },
};

/** In what the bundles of an application that two clusters are told differ, by what the hub rendered. */
export function BundleDifference({
  application,
  from,
  to,
}: {
  readonly application: string;
  readonly from: string;
  readonly to: string;
}) {
  const { data, error, refetch } = useQuery(bundleDiff(application, from, to));
  if (error) return <Failed error={error} what={`in what the bundles of ${application} differ`} onRetry={refetch} />;
  if (!data) return <Loading what={`in what the bundles of ${application} differ`} />;
  const objects = data.groups.flatMap((group) => group.objects);
  const more = data.groups.reduce((sum, group) => sum + group.more, 0);
  const unchanged = data.groups.reduce((sum, group) => sum + group.unchanged, 0);
  if (objects.length === 0 && more === 0) return <p>Both hold the same objects, in another order or form.</p>;
  return (
    <div className="flex min-w-0 flex-col gap-3">
      {objects.map(({ object, change, diff, cut }) => (
        <section key={object} className="flex min-w-0 flex-col gap-1" aria-label={object}>
          <h4 className="flex flex-wrap gap-x-3">
            <span className="text-strong font-medium break-all">{object}</span>
            <StateMark {...WORDS[change]} />
          </h4>
          {diff !== '' && <DiffText diff={diff} label={object} isCut={cut === true} />}
        </section>
      ))}
      <p className="text-muted">
        {more > 0 && `${counted(more, 'object')} more differ and are not shown. `}
        {counted(unchanged, 'object')} {unchanged === 1 ? 'is' : 'are'} the same in both.
      </p>
    </div>
  );
}
