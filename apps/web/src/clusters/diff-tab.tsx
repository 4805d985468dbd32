import { useMemo, useState } from 'react';
import type { DiffView, ObjectDiff } from '#contract';
import { Button } from '../ui/button.js';
import { DiffText } from '../ui/diff-text.js';
import { StateMark } from '../ui/state-mark.js';
import { counted } from '../ui/text.js';
import { Empty } from '../ui/words.js';
import { CHANGE_WORDS, objectDiffText } from './object-diffs.js';
import { objectKey, objectText } from './object-names.js';

/** So many are open at once; of more each is opened by who wants it. */
const OPEN = 8;
const SHOWN = 100;
/** What needs somebody first. */
const ORDER: readonly ObjectDiff['change'][] = ['error', 'removed', 'changed', 'added'];

/** What an apply would change in the cluster now, object by object. */
export function DiffTab({
  view,
  object,
  onObject,
}: {
  readonly view: DiffView;
  readonly object: string | undefined;
  readonly onObject: (object: string | undefined) => void;
}) {
  const [shown, setShown] = useState(SHOWN);
  const sorted = useMemo(
    () => [...view.objects].sort((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change)),
    [view.objects],
  );
  const wanted = object === undefined ? sorted : sorted.filter((each) => objectKey(each) === object);
  const same = `${counted(view.same, 'object')} ${view.same === 1 ? 'is' : 'are'} as Git has ${view.same === 1 ? 'it' : 'them'}`;
  return (
    <>
      {object !== undefined && (
        <p className="flex flex-wrap items-center gap-2">
          Only <code className="break-all">{object}</code>
          <Button onClick={() => onObject(undefined)}>Show all</Button>
        </p>
      )}
      {wanted.length === 0 ? (
        <Empty title={object === undefined ? 'Nothing differs' : 'This object does not differ'}>{same}.</Empty>
      ) : (
        <>
          <p>
            <b className="text-failed">−</b> is what is in the cluster, <b className="text-healthy">+</b> what an apply
            would make of it by Git. {same}. Values of Secrets are marks: equal where the values are equal.
          </p>
          {wanted.slice(0, shown).map((each) => (
            <ObjectDifference key={objectKey(each)} object={each} isOpen={wanted.length <= OPEN} />
          ))}
          {wanted.length > shown && (
            <div>
              <Button onClick={() => setShown(shown + SHOWN)}>Show more of {counted(wanted.length, 'object')}</Button>
            </div>
          )}
        </>
      )}
    </>
  );
}

function ObjectDifference({ object, isOpen }: { readonly object: ObjectDiff; readonly isOpen: boolean }) {
  // Nobody waits for the differences of what is shut.
  const [isSeen, setSeen] = useState(isOpen);
  const { word, state } = CHANGE_WORDS[object.change];
  return (
    <details
      className="border-line bg-card rounded-lg border"
      open={isOpen}
      onToggle={({ currentTarget }) => {
        if (currentTarget.open) setSeen(true);
      }}
    >
      <summary className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 sm:min-h-9">
        <span className="text-strong font-medium break-all">{objectText(object)}</span>
        <StateMark state={state} word={word} />
      </summary>
      {isSeen && (
        <div className="flex flex-col gap-2 p-3 pt-0">
          {object.message && <p className="break-words">{object.message}</p>}
          <Body object={object} />
        </div>
      )}
    </details>
  );
}

function Body({ object }: { readonly object: ObjectDiff }) {
  const diff = useMemo(() => (object.change === 'error' ? '' : objectDiffText(object)), [object]);
  if (diff === '') return null;
  return <DiffText diff={diff} label={objectText(object)} />;
}
