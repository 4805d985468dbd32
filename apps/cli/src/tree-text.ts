import type { TreeNode, TreeView } from '#contract';
import { objectText } from './ask-cluster.js';
import { age, counted, shortRevision, table, type Column, type Tone } from './print.js';

interface Row {
  readonly node: TreeNode;
  /** What its line begins with: the branches that lead to it. */
  readonly lead: string;
  /** Namespace of its owner. */
  readonly within?: string | undefined;
}

const TONES: Readonly<Record<TreeNode['health'], Tone>> = {
  healthy: 'good',
  progressing: 'busy',
  suspended: 'busy',
  unknown: 'busy',
  failed: 'bad',
  missing: 'bad',
};

const columns: readonly Column<Row>[] = [
  { heading: 'OBJECT', lead: ({ lead }) => lead, text: ({ node, within }) => objectText(node, within) },
  { heading: 'SYNC', text: ({ node }) => node.sync ?? '' },
  { heading: 'HEALTH', text: ({ node }) => node.health, tone: ({ node }) => TONES[node.health] },
  { heading: 'AGE', text: ({ node }) => age(node.createdAt) },
  {
    heading: 'REASON',
    text: ({ node: { reason, message, health } }) =>
      health === 'healthy' || message === '' ? reason : reason === '' ? message : `${reason}: ${message}`,
  },
];

/** A sentence about all of it, then each object below its owner. */
export function treeText(view: TreeView, colours: boolean): string {
  const { application, cluster, revision, generation, objects } = view;
  const rows = rowsOf(objects, '');
  const bad = rows.filter(({ node }) => node.health !== 'healthy').length;
  const differ = rows.filter(({ node }) => node.sync !== undefined && node.sync !== 'synced').length;
  const of = generation < 0 ? 'nothing yet' : `generation ${generation}, commit ${shortRevision(revision) || 'none'}`;
  const head = `${application} in ${cluster}, ${of}: ${counted(rows.length, 'object')}, ${bad} not healthy, ${differ} not in sync\n`;
  return rows.length === 0 ? head : `${head}\n${table(rows, columns, { colours })}`;
}

/** Not recursive by the shape alone: the hub bounds how deep an answer is. */
function rowsOf(nodes: readonly TreeNode[], branches: string, owner?: TreeNode): Row[] {
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    const lead = owner === undefined ? '' : `${branches}${last ? '└── ' : '├── '}`;
    const below = owner === undefined ? '' : `${branches}${last ? '    ' : '│   '}`;
    return [{ node, lead, within: owner?.namespace }, ...rowsOf(node.children, below, node)];
  });
}
