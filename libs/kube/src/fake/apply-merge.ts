import { type FieldSet, isAssociative, isEmptySet, itemElement } from './field-sets.js';
import { equalJson, isMap, type Json, type JsonMap } from './json-tree.js';
import { type MergeRule, plainRule, ruleOfField } from './merge-rules.js';

/** The live value with the applied configuration laid over it. Parts of both are shared with the result. */
export function mergeApplied(live: Json | undefined, applied: Json, rule: MergeRule): Json {
  if (live === undefined || rule.atomic === true) return applied;
  if (isMap(live) && isMap(applied)) {
    const out: JsonMap = { ...live };
    for (const key in applied) {
      const value = applied[key];
      if (value !== undefined) out[key] = mergeApplied(live[key], value, ruleOfField(rule, key));
    }
    return out;
  }
  if (Array.isArray(live) && Array.isArray(applied) && isAssociative(rule)) return mergeLists(live, applied, rule);
  return applied;
}

/** Items of both lists: the configuration's order where it names them, the live-only ones where they stood. */
function mergeLists(live: Json[], applied: Json[], rule: MergeRule): Json[] {
  const items = rule.items ?? plainRule;
  const nameOf = (item: Json | undefined): string => itemElement(item ?? null, rule) ?? '';
  const liveByName = new Map(live.map((item) => [nameOf(item), item]));
  const wanted = new Set(applied.map(nameOf));
  const out: Json[] = [];
  const done = new Set<string>();
  let at = 0;
  let next = 0;
  while (at < live.length || next < applied.length) {
    const mine = live[at];
    if (mine !== undefined && (!wanted.has(nameOf(mine)) || done.has(nameOf(mine)))) {
      if (!wanted.has(nameOf(mine))) out.push(mine);
      at += 1;
      continue;
    }
    const item = applied[next];
    if (item === undefined) break;
    out.push(mergeApplied(liveByName.get(nameOf(item)), item, items));
    done.add(nameOf(item));
    next += 1;
  }
  return out;
}

/**
 * Takes the fields of `gone` out of the value; undefined when nothing is left of it.
 * `kept` are fields that others own: an item of a list that holds one stays with what it holds.
 */
export function pruneFields(value: Json, gone: FieldSet, kept: FieldSet, rule: MergeRule): Json | undefined {
  if (isEmptySet(gone)) return isEmptySet(kept) ? undefined : value;
  if (Array.isArray(value)) {
    const out: Json[] = [];
    for (const item of value) {
      const element = itemElement(item, rule) ?? '';
      const inner = gone[element] as FieldSet | undefined;
      if (inner === undefined) out.push(item);
      else {
        const others = (kept[element] as FieldSet | undefined) ?? {};
        const wholly = '.' in inner || isEmptySet(inner);
        if (wholly && !(element in kept)) continue;
        const rest = isMap(item) ? pruneFields(item, inner, others, rule.items ?? plainRule) : item;
        if (rest !== undefined) out.push(rest);
      }
    }
    return out.length === 0 ? undefined : out;
  }
  if (!isMap(value)) return undefined;
  const out: JsonMap = { ...value };
  for (const key in gone) {
    if (key === '.') continue;
    const name = key.slice(2);
    const child = out[name];
    if (child === undefined) continue;
    const others = (kept[key] as FieldSet | undefined) ?? {};
    const rest = pruneFields(child, gone[key] as FieldSet, others, ruleOfField(rule, name));
    if (rest === undefined) delete out[name];
    else out[name] = rest;
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

/** The fields of `own` that `other` owns too and whose value the merge changed: what a conflict is about. */
export function contestedFields(
  own: FieldSet,
  other: FieldSet,
  live: Json | undefined,
  merged: Json | undefined,
  rule: MergeRule,
): FieldSet {
  const out: FieldSet = {};
  for (const key in own) {
    const theirs = other[key] as FieldSet | undefined;
    if (theirs === undefined || key === '.') continue;
    const mine = own[key] as FieldSet;
    const [before, after, inner] = childrenAt(key, live, merged, rule);
    if (isEmptySet(mine)) {
      if ((isEmptySet(theirs) || '.' in theirs) && !equalJson(before, after)) out[key] = mine;
      continue;
    }
    if (before === undefined) continue;
    const deeper = contestedFields(mine, theirs, before, after, inner);
    if (!isEmptySet(deeper)) out[key] = deeper;
  }
  return out;
}

function childrenAt(
  element: string,
  live: Json | undefined,
  merged: Json | undefined,
  rule: MergeRule,
): [Json | undefined, Json | undefined, MergeRule] {
  if (element.startsWith('f:')) {
    const name = element.slice(2);
    return [isMap(live) ? live[name] : undefined, isMap(merged) ? merged[name] : undefined, ruleOfField(rule, name)];
  }
  const find = (value: Json | undefined): Json | undefined =>
    Array.isArray(value) ? value.find((item) => itemElement(item, rule) === element) : undefined;
  return [find(live), find(merged), rule.items ?? plainRule];
}

/** A configuration's nulls say nothing: they are taken out before anything else. */
export function dropNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (!isMap(value)) return value;
  const out: JsonMap = {};
  for (const key in value) {
    const item = value[key];
    if (item !== undefined && item !== null) out[key] = dropNulls(item);
  }
  return out;
}
