import type { TreeNode } from '#contract';
import { objectKey } from './object-names.js';

/** A line of the tree as it is shown now. */
export interface TreeRow {
  readonly node: TreeNode;
  readonly key: string;
  /** From 1. */
  readonly level: number;
  /** Its place among its siblings that are shown, from 1, and how many those are. */
  readonly place: number;
  readonly siblings: number;
  readonly parent: string | null;
  /** Absent: it owns nothing. */
  readonly isOpen?: boolean;
  /** Of its owner, which need not be said again. */
  readonly within?: string;
}

export interface TreeCounts {
  readonly all: number;
  readonly unhealthy: number;
  readonly notInSync: number;
}

/** Whether somebody should look at it: it is not well, or not as Git has it. */
export function isOff({ health, sync }: TreeNode): boolean {
  return health !== 'healthy' || (sync !== undefined && sync !== 'synced');
}

/** The hub bounds how deep an answer is, so recursion ends. */
const eachOf = (nodes: readonly TreeNode[], take: (node: TreeNode) => void): void => {
  for (const node of nodes) {
    take(node);
    eachOf(node.children, take);
  }
};

export function treeCounts(nodes: readonly TreeNode[]): TreeCounts {
  let [all, unhealthy, notInSync] = [0, 0, 0];
  eachOf(nodes, ({ health, sync }) => {
    all += 1;
    if (health !== 'healthy') unhealthy += 1;
    if (sync !== undefined && sync !== 'synced') notInSync += 1;
  });
  return { all, unhealthy, notInSync };
}

/** Every object that owns others. */
export function allOwners(nodes: readonly TreeNode[]): string[] {
  const keys: string[] = [];
  eachOf(nodes, (node) => {
    if (node.children.length > 0) keys.push(objectKey(node));
  });
  return keys;
}

/** Those that own something that is off, however far below: what must be open for it to be seen. */
export function ownersOfWhatIsOff(nodes: readonly TreeNode[]): string[] {
  const keys: string[] = [];
  const look = (node: TreeNode): boolean => {
    // Each of them is looked at, whatever the first one says.
    const isBelow = node.children.map(look).includes(true);
    if (isBelow) keys.push(objectKey(node));
    return isBelow || isOff(node);
  };
  nodes.forEach(look);
  return keys;
}

/** Pure: the lines that are seen with these owners open, what leads to trouble first. `onlyOff`: nothing else. */
export function treeRows(nodes: readonly TreeNode[], open: ReadonlySet<string>, onlyOff = false): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (all: readonly TreeNode[], level: number, parent: TreeRow | null): void => {
    const off = all.filter(leadsToOff);
    const shown = onlyOff ? off : [...off, ...all.filter((node) => !leadsToOff(node))];
    shown.forEach((node, index) => {
      const key = objectKey(node);
      const isOwner = node.children.some((child) => !onlyOff || leadsToOff(child));
      const isOpen = open.has(key);
      const row: TreeRow = {
        node,
        key,
        level,
        place: index + 1,
        siblings: shown.length,
        parent: parent?.key ?? null,
        ...(isOwner && { isOpen }),
        ...(parent?.node.namespace !== undefined && { within: parent.node.namespace }),
      };
      rows.push(row);
      if (isOwner && isOpen) add(node.children, level + 1, row);
    });
  };
  add(nodes, 1, null);
  return rows;
}

function leadsToOff(node: TreeNode): boolean {
  return isOff(node) || node.children.some(leadsToOff);
}

/** What a key does in the tree, by the pattern of the ARIA practices: to a line, or an owner opened or shut. Null: nothing. */
export type TreeStep = { readonly to: number } | { readonly toggle: string } | null;

export function treeStep(rows: readonly TreeRow[], at: number, key: string): TreeStep {
  const row = rows[at];
  if (!row) return rows.length > 0 ? { to: 0 } : null;
  const to = (index: number): TreeStep => ({ to: Math.max(0, Math.min(rows.length - 1, index)) });
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return to(at + 1);
    case 'ArrowUp':
    case 'k':
      return to(at - 1);
    case 'Home':
      return to(0);
    case 'End':
      return to(rows.length - 1);
    case 'PageDown':
      return to(at + 10);
    case 'PageUp':
      return to(at - 10);
    case 'ArrowRight':
      return row.isOpen === undefined ? null : row.isOpen ? to(at + 1) : { toggle: row.key };
    case 'ArrowLeft':
      if (row.isOpen) return { toggle: row.key };
      return row.parent === null ? null : to(rows.findIndex((each) => each.key === row.parent));
    case 'n': {
      const next = [...rows.keys()].map((step) => (at + 1 + step) % rows.length);
      const off = next.find((index) => rows[index] && isOff(rows[index].node));
      return off === undefined ? null : to(off);
    }
    default:
      return null;
  }
}
