import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#domain';
import type { JsonMap } from '../fake/json-tree.js';
import { builtInKind } from '../fake/kinds.js';
import { applyConfiguration, type Manager, trackUpdate } from '../fake/managed-fields.js';
import { type Ignored, ignoredOf, through } from './ignore-rules.js';
import { objectToApply } from './object-to-apply.js';

const kind = builtInKind('apps', 'v1', 'deployments');
const ours: Manager = { name: 'flotilla', operation: 'Apply', subresource: '' };

/** A forced server-side apply, as the simulated API server merges it. */
function apply(live: JsonObject | undefined, applied: JsonObject, manager = ours): JsonObject {
  const { object, seal } = applyConfiguration({
    live: live === undefined ? undefined : (structuredClone(live) as JsonMap),
    applied: structuredClone(applied) as JsonMap,
    kind,
    manager,
    force: true,
    now: 'now',
  });
  const next = structuredClone(object);
  seal(next);
  return next;
}

/** Somebody else's change: a value at a path of keys, or its removal. */
function edit(live: JsonObject, name: string, path: readonly string[], value: JsonValue | undefined): JsonObject {
  const next = structuredClone(live) as JsonMap;
  let at: JsonMap = next;
  for (const step of path.slice(0, -1)) {
    const child = Array.isArray(at) ? (at as JsonMap[]).find((item) => item['name'] === step) : (at[step] ??= {});
    if (typeof child !== 'object' || child === null) return live;
    at = child as JsonMap;
  }
  const last = path.at(-1) ?? '';
  if (Array.isArray(at)) {
    const list = at as JsonMap[];
    const index = list.findIndex((item) => item['name'] === last);
    if (value === undefined && index >= 0 && list.length > 1) list.splice(index, 1);
    else if (value !== undefined && index < 0) list.push({ name: last, ...(value as JsonMap) });
  } else if (value === undefined) delete at[last];
  else at[last] = value as JsonMap;
  trackUpdate(structuredClone(live) as JsonMap, next, kind, { name, operation: 'Update', subresource: '' }, 'now');
  return next;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly cpu?: string;
}

const words = fc.constantFrom('x', 'y', 'z');
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const byName = { selector: (each: { readonly name: string }) => each.name };
const containers = fc.uniqueArray(
  fc.record(
    {
      name: fc.constantFrom('main', 'side', 'extra'),
      image: words,
      args: fc.array(words, { minLength: 1, maxLength: 3 }),
      env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B'), value: words }), { minLength: 1, ...byName }),
      cpu: words,
    },
    { requiredKeys: ['name', 'image'] },
  ),
  { minLength: 1, maxLength: 3, ...byName },
);
const desiredObjects = fc
  .record({
    annotations: optional(fc.dictionary(fc.constantFrom('a', 'b/c', 'd'), words, { minKeys: 1 })),
    replicas: optional(fc.integer({ min: 1, max: 9 })),
    selector: fc.dictionary(fc.constantFrom('app', 'tier'), words, { minKeys: 1 }),
    containers,
  })
  .map(({ annotations, replicas, selector, containers: list }): JsonObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'shop',
      labels: { 'flotilla.dev/application': 'shop' },
      ...(annotations !== undefined && { annotations }),
    },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: selector },
      template: { spec: { containers: list.map(containerOf) } },
    },
  }));

function containerOf({ cpu, env, args, ...rest }: Container): JsonObject {
  return {
    ...rest,
    ...(args !== undefined && { args }),
    ...(env !== undefined && { env: env.map((each) => ({ ...each })) }),
    ...(cpu !== undefined && { resources: { limits: { cpu } } }),
  };
}

const list = ['spec', 'template', 'spec', 'containers'];
const edits = fc.record({
  manager: fc.constantFrom('kubectl-edit', 'sidecar-tool', 'operator'),
  path: fc.constantFrom(
    ['metadata', 'annotations', 'a'],
    ['metadata', 'annotations', 'b/c'],
    ['metadata', 'labels', 'team'],
    ['spec', 'replicas'],
    ['spec', 'selector', 'matchLabels'],
    [...list, 'main', 'image'],
    [...list, 'main', 'args'],
    [...list, 'main', 'env', 'A', 'value'],
    [...list, 'side', 'resources', 'limits', 'cpu'],
    [...list, 'extra'],
  ),
  value: optional(words),
});
const shaped = (path: readonly string[], value: string): JsonValue => {
  if (path.at(-1) === 'matchLabels') return { app: value };
  if (path.at(-1) === 'args') return [value, 'q'];
  return path.at(-1) === 'extra' ? { image: value } : value;
};
const pointers = fc.constantFrom(
  '/metadata/annotations',
  '/metadata/annotations/a',
  '/metadata/annotations/b~1c',
  '/metadata/labels',
  '/spec/replicas',
  '/spec/selector/matchLabels',
  '/spec/selector/matchLabels/app',
  '/spec/template/spec/containers/*/image',
  '/spec/template/spec/containers/1',
  '/spec/template/spec/containers/*',
  '/spec/template/spec/containers/0/args',
  '/spec/template/spec/containers/*/args/0',
  '/spec/template/spec/containers/*/env/0/value',
  '/spec/template/spec/containers/*/env',
  '/spec/template/spec/containers/*/resources/limits/*',
  '/spec/template/spec',
  '/spec/*',
  '/nowhere/at/all',
);
const rules = fc
  .record({
    jsonPointers: fc.uniqueArray(pointers, { minLength: 1, maxLength: 3 }),
    managers: fc.uniqueArray(fc.constantFrom('sidecar-tool', 'kubectl-edit'), { maxLength: 1 }),
  })
  .map(({ jsonPointers, managers }) => ({ kind: 'apps/Deployment', jsonPointers, managers }));

const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' };

/** Every value by its path, entries of lists by their names, and whether it is ignored as Git's order names it. */
function valuesOf(
  object: JsonValue | undefined,
  desired: JsonValue | undefined,
  left: Ignored['pointers'],
  path = '',
): ReadonlyMap<string, { readonly value: JsonValue; readonly ignored: boolean }> {
  if (object === undefined) return new Map();
  const ignored = left.some(({ length }) => length === 0);
  if (typeof object !== 'object' || object === null) return new Map([[path, { value: object, ignored }]]);
  const found = new Map<string, { readonly value: JsonValue; readonly ignored: boolean }>();
  const add = (key: string, step: string, value: JsonValue, wanted: JsonValue | undefined): void => {
    const rest = ignored ? [[]] : through(left, step);
    for (const [at, each] of valuesOf(value, wanted, rest, `${path}/${key}`)) found.set(at, each);
  };
  if (Array.isArray(object)) {
    const wanted = (Array.isArray(desired) ? desired : []) as readonly JsonValue[];
    (object as readonly JsonValue[]).forEach((item, index) => {
      const name = nameOf(item);
      const place = name === undefined ? index : wanted.findIndex((each) => nameOf(each) === name);
      add(name ?? String(index), String(place), item, wanted[place]);
    });
  } else {
    for (const [key, value] of Object.entries(object as JsonObject)) {
      if (key !== 'managedFields') add(key, key, value, (desired as JsonObject | undefined)?.[key]);
    }
  }
  return found;
}

function nameOf(item: JsonValue | undefined): string | undefined {
  const name = typeof item === 'object' && item !== null && !Array.isArray(item) && (item as JsonObject)['name'];
  return typeof name === 'string' ? name : undefined;
}

const fixed = /^\/(apiVersion|kind|metadata\/(name|namespace|labels\/flotilla.dev\/application))$/;

/** A first release, what others did to it, and the release that comes after. */
const cases = fc.record({
  first: desiredObjects,
  next: desiredObjects,
  done: fc.array(edits, { maxLength: 4 }),
  rule: rules,
});
const liveOf = (
  first: JsonObject,
  done: readonly { manager: string; path: readonly string[]; value: string | undefined }[],
) =>
  done.reduce(
    (live, { manager, path, value }) => edit(live, manager, path, value && shaped(path, value)),
    apply(undefined, first),
  );

describe('what is applied where differences are ignored', () => {
  it('changes no ignored field, and removes none but with the entry of a list that Git takes out', () => {
    fc.assert(
      fc.property(cases, ({ first, next, done, rule }) => {
        const ignored = ignoredOf(ref, [{ ...rule, managers: [] }]) as Ignored;
        const live = liveOf(first, done);
        const after = valuesOf(apply(live, objectToApply(next, live, ignored)), next, ignored.pointers);
        for (const [path, { value, ignored: isIgnored }] of valuesOf(live, next, ignored.pointers)) {
          if (!isIgnored || fixed.test(path)) continue;
          const entry = /^(\/spec\/template\/spec\/containers\/[^/]+(\/env\/[^/]+)?)/.exec(path)?.[1];
          const isTaken = entry !== undefined && ![...after.keys()].some((each) => each.startsWith(`${entry}/`));
          const args = /^(.*\/args)\/\d+$/.exec(path)?.[1];
          const isShorter = args !== undefined && !after.has(path);
          if (isTaken && !wantsEntry(next, entry)) continue;
          if (isShorter) continue;
          expect([path, after.get(path)?.value]).toEqual([path, value]);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('touches nothing else: the rest is as an apply of all of it would make it', () => {
    fc.assert(
      fc.property(cases, ({ first, next, done, rule }) => {
        const ignored = ignoredOf(ref, [{ ...rule, managers: [] }]) as Ignored;
        const live = liveOf(first, done);
        const rest = (object: JsonObject) =>
          Object.fromEntries(
            [...valuesOf(object, next, ignored.pointers)]
              .filter(([path, each]) => !each.ignored && !/\/args\/\d+$/.test(path))
              // By its name an entry is there; of one that is ignored in whole or in part, that is all that counts.
              .filter(([path]) => !/containers\/[^/]+\/(env\/[^/]+\/)?name$/.test(path))
              .map(([path, { value }]) => [path, value]),
          );
        expect(rest(apply(live, objectToApply(next, live, ignored)))).toEqual(rest(apply(live, next)));
      }),
      { numRuns: 400 },
    );
  });

  it('is no change at a second pass, of values or of who owns them', () => {
    fc.assert(
      fc.property(cases, ({ first, next, done, rule }) => {
        const ignored = ignoredOf(ref, [rule]);
        const live = liveOf(first, done);
        const once = apply(live, objectToApply(next, live, ignored));
        expect(apply(once, objectToApply(next, once, ignored))).toEqual(once);
      }),
      { numRuns: 400 },
    );
  });

  it('leaves to the managers that are named whatever they own', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('sidecar-tool', 'operator'), ({ first, next, done }, manager) => {
        const ignored = ignoredOf(ref, [{ kind: '*', managers: [manager] }]);
        const live = liveOf(first, done);
        const once = apply(live, objectToApply(next, live, ignored));
        const theirs = (object: JsonObject) =>
          ((object['metadata'] as JsonObject)['managedFields'] as readonly JsonObject[]).find(
            (entry) => entry['manager'] === manager,
          )?.['fieldsV1'];
        // A forced apply takes a field from whoever owns it with another value: none was taken.
        expect(theirs(once)).toEqual(theirs(live));
      }),
      { numRuns: 400 },
    );
  });

  it('is what Git has, where no rule is about the object', () => {
    const [desired] = fc.sample(desiredObjects, 1) as [JsonObject];
    const other = [
      { kind: 'ConfigMap', jsonPointers: ['/data'] },
      { kind: 'apps/Deployment', name: 'api', jsonPointers: ['/spec'] },
      { kind: '*', namespace: 'pay', jsonPointers: ['/spec'] },
    ];
    expect(ignoredOf(ref, other)).toBeNull();
    expect(objectToApply(desired, apply(undefined, desired), null)).toBe(desired);
    for (const each of ['*', 'apps/*', 'apps/Deployment']) {
      expect(ignoredOf(ref, [{ kind: each, jsonPointers: ['/spec'] }])).not.toBeNull();
    }
    expect(ignoredOf({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a' }, [{ kind: 'apps/*' }])).toBeNull();
  });
});

function wantsEntry(desired: JsonObject, entry: string): boolean {
  return [...valuesOf(desired, desired, []).keys()].some((path) => path.startsWith(`${entry}/`));
}
