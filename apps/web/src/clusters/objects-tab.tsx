import { useMemo, useState } from 'react';
import type { TreeNode, TreeView } from '#contract';
import { Button } from '../ui/button.js';
import { Card, Facts } from '../ui/page.js';
import { StateMark } from '../ui/state-mark.js';
import { counted, shortRevision } from '../ui/text.js';
import { Time } from '../ui/time.js';
import { Empty } from '../ui/words.js';
import { objectKey, objectText } from './object-names.js';
import { ObjectTree, SYNC_WORDS } from './object-tree.js';
import type { ClusterSearch } from './search.js';
import { allOwners, ownersOfWhatIsOff, treeCounts, treeRows, type TreeRow } from './tree-rows.js';

/** A tree as small as this is shown whole; of a larger one what leads to trouble is open. */
const WHOLE = 60;

/** The objects of an application in a cluster, down to the pods, with their health and its reason. */
export function ObjectsTab({
  view,
  search,
  onSearch,
}: {
  readonly view: TreeView;
  readonly search: ClusterSearch;
  readonly onSearch: (change: ClusterSearch) => void;
}) {
  const { objects, application, cluster, revision, generation } = view;
  const isOnlyOff = search.only === 'unhealthy';
  // What somebody opened or shut; all else is as what is off has it, also after the next answer.
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const counts = useMemo(() => treeCounts(objects), [objects]);
  const open = useMemo(() => {
    const keys = new Set(counts.all <= WHOLE ? allOwners(objects) : ownersOfWhatIsOff(objects));
    for (const [key, isOpen] of toggled) {
      if (isOpen) keys.add(key);
      else keys.delete(key);
    }
    return keys;
  }, [objects, counts, toggled]);
  const rows = useMemo(() => treeRows(objects, open, isOnlyOff), [objects, open, isOnlyOff]);
  const chosen = useMemo(() => findNode(objects, search.object), [objects, search.object]);
  const setAll = (isOpen: boolean): void => setToggled(new Map(allOwners(objects).map((key) => [key, isOpen])));
  if (objects.length === 0)
    return <Empty title="The agent holds no objects of it">The release has none here, or they were withdrawn.</Empty>;
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p className="text-strong">
          {counted(counts.all, 'object')}
          {generation >= 0 && (
            <>
              {' '}
              of commit <code>{shortRevision(revision) || 'none'}</code>
            </>
          )}
          : {counts.unhealthy === 0 ? 'all healthy' : <b className="text-failed">{counts.unhealthy} not healthy</b>},{' '}
          {counts.notInSync === 0 ? 'all as in Git' : <b className="text-drifted">{counts.notInSync} not as in Git</b>}
        </p>
        <label className="flex min-h-11 items-center gap-2 sm:min-h-8">
          <input
            type="checkbox"
            className="accent-accent size-4.5"
            checked={isOnlyOff}
            onChange={({ target }) => onSearch({ only: target.checked ? 'unhealthy' : undefined })}
          />
          Only what is off
        </label>
        <div className="flex gap-2 sm:ml-auto">
          <Button tone="quiet" onClick={() => setAll(true)}>
            Open all
          </Button>
          <Button tone="quiet" onClick={() => setAll(false)}>
            Shut all
          </Button>
        </div>
      </div>
      {rows.length === 0 ? (
        <Empty title="Nothing is off">Every object is healthy and as Git has it.</Empty>
      ) : (
        <div className={`grid min-w-0 grid-cols-1 gap-4 ${chosen ? 'lg:grid-cols-[minmax(0,1fr)_24rem]' : ''}`}>
          <ObjectTree
            label={`Objects of ${application} in ${cluster}`}
            rows={rows}
            chosen={search.object}
            onChoose={(key) => onSearch({ object: key === search.object ? undefined : key })}
            onToggle={(key) => setToggled(new Map(toggled).set(key, !isOpenIn(rows, key)))}
          />
          {chosen && (
            <div className="max-lg:sticky max-lg:bottom-2 max-lg:z-10 max-lg:max-h-[60dvh] max-lg:overflow-auto">
              <ObjectPanel node={chosen} onSearch={onSearch} />
            </div>
          )}
        </div>
      )}
    </>
  );
}

function isOpenIn(rows: readonly TreeRow[], key: string): boolean {
  return rows.some((row) => row.key === key && row.isOpen === true);
}

function findNode(nodes: readonly TreeNode[], key: string | undefined): TreeNode | undefined {
  if (key === undefined) return undefined;
  for (const node of nodes) {
    const found = objectKey(node) === key ? node : findNode(node.children, key);
    if (found) return found;
  }
  return undefined;
}

/** All that is known of one object, and where to look further. */
function ObjectPanel({
  node,
  onSearch,
}: {
  readonly node: TreeNode;
  readonly onSearch: (change: ClusterSearch) => void;
}) {
  const { kind, apiVersion, namespace, name, health, sync, reason, message, createdAt } = node;
  const object = objectKey(node);
  return (
    <Card
      title={objectText(node)}
      actions={
        <Button tone="quiet" aria-label="Close the details" onClick={() => onSearch({ object: undefined })}>
          ×
        </Button>
      }
    >
      <Facts
        of={[
          ['Health', <StateMark state={health} />],
          ['Reason', reason],
          ['Message', message],
          ['In Git', sync === undefined ? 'no: its owner made it' : <StateMark state={sync} word={SYNC_WORDS[sync]} />],
          ['Made', createdAt && <Time at={createdAt} />],
          ['Kind', `${kind} (${apiVersion})`],
          ['Namespace', namespace],
          ['Name', name],
        ]}
      />
      <div className="flex flex-wrap gap-2">
        {sync !== undefined && <Button onClick={() => onSearch({ tab: 'diff', object })}>Against Git</Button>}
        <Button onClick={() => onSearch({ tab: 'events', object })}>Its events</Button>
      </div>
    </Card>
  );
}
