import { equalJson, isMap, type Json, type JsonMap } from './json-tree.js';
import { type MergeRule, plainRule, ruleOfField } from './merge-rules.js';

/**
 * Sets of fields in the form in which managedFields holds them (FieldsV1): a tree whose leaves, and whose nodes with a `.`, are members.
 * Trees are never changed in place: they are shared freely.
 */
export type FieldSet = JsonMap;

const leaf: FieldSet = Object.freeze({});

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

function isMember(node: FieldSet): boolean {
  return '.' in node || isEmptySet(node);
}

/** How a list's item is named in a set, or undefined where the list is no associative one. */
export function itemElement(item: Json, rule: MergeRule): string | undefined {
  if (rule.set === true) return `v:${JSON.stringify(item)}`;
  if (rule.keys === undefined || !isMap(item)) return undefined;
  const key: JsonMap = {};
  for (const name of rule.keys) {
    const value = item[name] ?? rule.defaults?.[name];
    if (value !== undefined) key[name] = value;
  }
  return `k:${JSON.stringify(key)}`;
}

export function isAssociative(rule: MergeRule): boolean {
  return rule.keys !== undefined || rule.set === true;
}

/** Every field that a configuration names. */
export function fieldsOf(value: Json, rule: MergeRule): FieldSet {
  if (rule.atomic === true || typeof value !== 'object' || value === null) return leaf;
  const set: FieldSet = {};
  if (Array.isArray(value)) {
    if (!isAssociative(rule)) return leaf;
    for (const item of value) {
      const element = itemElement(item, rule);
      if (element === undefined) continue;
      set[element] = rule.set === true ? leaf : { '.': leaf, ...fieldsOf(item, rule.items ?? plainRule) };
    }
    return set;
  }
  for (const key in value) {
    const item = value[key];
    if (item !== undefined) set[`f:${key}`] = fieldsOf(item, ruleOfField(rule, key));
  }
  return set;
}

/** The fields of a value that somebody added, its containers counted. */
function addedFields(value: Json, rule: MergeRule): FieldSet {
  const set = fieldsOf(value, rule);
  return withContainers(set);
}

function withContainers(set: FieldSet): FieldSet {
  if (isEmptySet(set)) return set;
  const out: FieldSet = { '.': leaf };
  for (const key in set) if (key !== '.') out[key] = withContainers(set[key] as FieldSet);
  return out;
}

export interface FieldChanges {
  /** Added or changed. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

const noChanges: FieldChanges = { changed: leaf, removed: leaf };

/** What differs between two values, field by field. An empty set means none. */
export function compareFields(before: Json | undefined, after: Json | undefined, rule: MergeRule): FieldChanges {
  if (before === after || (before === undefined && after === undefined)) return noChanges;
  if (isMap(before) && isMap(after) && rule.atomic !== true) return compareMaps(before, after, rule);
  if (Array.isArray(before) && Array.isArray(after) && isAssociative(rule) && rule.atomic !== true) {
    return compareLists(before, after, rule);
  }
  return noChanges;
}

function compareChild(
  into: { changed: FieldSet; removed: FieldSet },
  element: string,
  before: Json | undefined,
  after: Json | undefined,
  rule: MergeRule,
): void {
  if (before === undefined) {
    if (after !== undefined) into.changed[element] = addedFields(after, rule);
    return;
  }
  if (after === undefined) {
    into.removed[element] = addedFields(before, rule);
    return;
  }
  const bothMaps = isMap(before) && isMap(after) && rule.atomic !== true;
  const bothLists = Array.isArray(before) && Array.isArray(after) && isAssociative(rule);
  if (!bothMaps && !bothLists) {
    if (!equalJson(before, after)) into.changed[element] = addedFields(after, rule);
    return;
  }
  const inner = compareFields(before, after, rule);
  if (!isEmptySet(inner.changed)) into.changed[element] = inner.changed;
  if (!isEmptySet(inner.removed)) into.removed[element] = inner.removed;
}

function compareMaps(before: JsonMap, after: JsonMap, rule: MergeRule): FieldChanges {
  const out = { changed: {} as FieldSet, removed: {} as FieldSet };
  for (const key in before) compareChild(out, `f:${key}`, before[key], after[key], ruleOfField(rule, key));
  for (const key in after) {
    if (before[key] === undefined) compareChild(out, `f:${key}`, undefined, after[key], ruleOfField(rule, key));
  }
  return out;
}

function compareLists(before: Json[], after: Json[], rule: MergeRule): FieldChanges {
  const out = { changed: {} as FieldSet, removed: {} as FieldSet };
  const index = (list: Json[]) => new Map(list.map((item) => [itemElement(item, rule) ?? '', item]));
  const old = index(before);
  const now = index(after);
  const items = rule.items ?? plainRule;
  for (const [element, item] of old) compareChild(out, element, item, now.get(element), items);
  for (const [element, item] of now) if (!old.has(element)) compareChild(out, element, undefined, item, items);
  return out;
}

export function unionOf(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) && isEmptySet(b)) return leaf;
  const out: FieldSet = { ...a };
  // A leaf that gets children stays a member by its dot.
  for (const key in b) {
    const mine = a[key] as FieldSet | undefined;
    const other = b[key] as FieldSet;
    if (mine === undefined) out[key] = other;
    else if (key !== '.' && isEmptySet(mine) !== isEmptySet(other)) {
      out[key] = { '.': leaf, ...mine, ...other };
    } else out[key] = unionOf(mine, other);
  }
  return out;
}

/** Members of `a` that are no members of `b`; an empty set when none is left. */
export function differenceOf(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const key in a) {
    const mine = a[key] as FieldSet;
    const other = b[key] as FieldSet | undefined;
    if (other === undefined) out[key] = mine;
    else if (key === '.') continue;
    else if (isEmptySet(mine)) {
      if (!isMember(other)) out[key] = mine;
    } else {
      let rest = differenceOf(mine, other);
      if ('.' in rest && isMember(other)) {
        rest = { ...rest };
        delete rest['.'];
      }
      if (!isEmptySet(rest)) out[key] = rest;
    }
  }
  return out;
}

/** Members of both. */
export function intersectionOf(a: FieldSet, b: FieldSet): FieldSet {
  const out: FieldSet = {};
  for (const key in a) {
    const mine = a[key] as FieldSet;
    const other = b[key] as FieldSet | undefined;
    if (other === undefined) continue;
    if (key === '.') {
      out[key] = mine;
      continue;
    }
    const inner = intersectionOf(mine, other);
    if (isMember(mine) && isMember(other)) out[key] = isEmptySet(inner) ? leaf : { '.': leaf, ...inner };
    else if (!isEmptySet(inner)) out[key] = inner;
  }
  return out;
}

/** The set without the fields at these paths and below them. */
export function withoutPaths(set: FieldSet, paths: readonly (readonly string[])[]): FieldSet {
  let out = set;
  for (const path of paths) out = withoutPath(out, path, 0);
  return out;
}

function withoutPath(set: FieldSet, path: readonly string[], at: number): FieldSet {
  const element = path[at];
  if (element === undefined) return set;
  const child = set[element] as FieldSet | undefined;
  if (child === undefined) return set;
  const out = { ...set };
  if (at === path.length - 1) delete out[element];
  else {
    const rest = withoutPath(child, path, at + 1);
    if (isEmptySet(rest) && !isEmptySet(child)) delete out[element];
    else out[element] = rest;
  }
  return out;
}

/** The members as paths for a person: `.spec.template.spec.containers[name="app"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const out: string[] = [];
  for (const key in set) {
    if (key === '.') continue;
    const node = set[key] as FieldSet;
    const path = prefix + elementForPeople(key);
    if (isMember(node)) out.push(path);
    if (!isEmptySet(node)) out.push(...pathsOf(node, path));
  }
  return out;
}

function elementForPeople(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const key = JSON.parse(rest) as JsonMap;
  return `[${Object.entries(key)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
