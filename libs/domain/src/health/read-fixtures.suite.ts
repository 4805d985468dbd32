import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import type { JsonObject } from '../json.js';
import type { HealthStatus } from '../report.js';
import type { HealthRule } from './health-rule.js';
import { judgeByRules } from './judge-by-rules.js';
import { presentPods } from './present-pods.js';
import type { HealthContext } from './verdict.js';

export const FIXTURES = path.join(import.meta.dirname, 'fixtures');

/** The first document of a fixture. */
export interface Expectation {
  /** What the fixture shows, as the end of a sentence. */
  readonly shows: string;
  readonly health: HealthStatus;
  readonly reason: string;
  readonly message: string;
  /** What others say of the same object, in their own words; `-`: nothing. */
  readonly argocd: string;
  readonly kstatus: string;
  /** Why we say something else; only where we do. */
  readonly differs?: string;
}

export interface Fixture {
  /** The folder. */
  readonly kind: string;
  /** The file, without its ending; it begins with the verdict. */
  readonly name: string;
  readonly expect: Expectation;
  readonly object: JsonObject;
  readonly context: HealthContext;
}

type Given = Omit<HealthContext, 'rules'> & { readonly podsSinceMs?: number; readonly rules?: readonly HealthRule[] };

/** Every fixture, by folder and name. The documents after the object are its ReplicaSets and Pods, and some of somebody else's. */
export function readFixtures(): readonly Fixture[] {
  return (cached ??= readAll());
}

let cached: readonly Fixture[] | undefined;

function readAll(): readonly Fixture[] {
  return readdirSync(FIXTURES)
    .sort()
    .flatMap((kind) =>
      readdirSync(path.join(FIXTURES, kind))
        .sort()
        .map((file) => readFixture(kind, file)),
    );
}

function readFixture(kind: string, file: string): Fixture {
  const documents = loadAll(readFileSync(path.join(FIXTURES, kind, file), 'utf8')) as readonly unknown[];
  const [header, object, ...around] = documents as readonly [
    { readonly expect: Expectation; readonly given?: Given },
    JsonObject,
    ...JsonObject[],
  ];
  const { podsSinceMs = 0, rules, ...given } = header.given ?? {};
  const of = (wanted: string) => around.filter((each) => each['kind'] === wanted);
  const pods = presentPods(object, of('Pod'), of('ReplicaSet'));
  return {
    kind,
    name: path.basename(file, '.yaml'),
    expect: header.expect,
    object,
    context: {
      ...given,
      ...(rules !== undefined && { rules: judgeByRules(rules) }),
      ...(pods.length > 0 && { pods: pods.map((pod) => ({ pod, sinceMs: podsSinceMs })) }),
    },
  };
}
