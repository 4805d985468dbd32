import type { JsonObject } from '../json.js';
import { checkObject } from './check-object.js';
import { aggregatedVersions, customKinds, kindKey } from './custom-kinds.js';
import { retirementOf } from './retired-versions.js';
import type { SchemaDocument } from './schema-document.js';
import { similarOf } from './similar.js';
import { titleOf } from './title-of.js';

/** Of a group's other versions, so many are told. */
const MAX_OTHERS = 10;

/** What a cluster's API server serves, as far as it is known. */
export interface ServedApis {
  /** Group versions, `v1` and `apps/v1`; null: not known. */
  readonly groupVersions: ReadonlySet<string> | null;
  /** By group version; what is not there is not known. */
  readonly documents: ReadonlyMap<string, SchemaDocument>;
  /** Minor version, `1.33`; absent: not known. */
  readonly kubernetes?: string;
}

/** Something about an object that a cluster, or a policy, does not take. Holds no value of the object's. */
export interface Finding {
  readonly severity: 'refuse' | 'warn';
  /** `schema/unknown-field`, `api/removed`, `policy/no-latest/tag`. */
  readonly rule: string;
  /** `Deployment shop/web`. */
  readonly object: string;
  /** Absent: it is about the object as a whole. */
  readonly field?: string;
  /** The rest of the sentence. */
  readonly message: string;
}

/** Looks at the objects of one bundle, one by one, as a cluster with those APIs would. */
export function bundleCheck(
  objects: readonly JsonObject[],
  apis: ServedApis,
): (object: JsonObject) => readonly Finding[] {
  const custom = customKinds(objects);
  const aggregated = aggregatedVersions(objects);
  const minor = minorOf(apis.kubernetes);
  return (object) => {
    const { apiVersion, kind } = object;
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') return [];
    const about = titleOf(object);
    const found = (severity: Finding['severity'], rule: string, message: string, field?: string): Finding => ({
      ...{ severity, rule, object: about, message },
      ...(field !== undefined && { field }),
    });
    const brought = custom.get(kindKey(apiVersion, kind));
    if (brought === null) return [];
    if (brought !== undefined) {
      return checkObject(object, brought, () => undefined).map(({ field, rule, message }) =>
        found('refuse', `schema/${rule}`, message, field),
      );
    }
    const retired = minor === null ? null : retirementOf(apiVersion, kind, minor);
    const isRemoved = retired?.removed !== undefined && minor !== null && minor >= retired.removed;
    if (retired && isRemoved && apis.groupVersions?.has(apiVersion) !== true) {
      const message = `${apiVersion} is not served since Kubernetes 1.${retired.removed}: use ${retired.instead}`;
      return [found('refuse', 'api/removed', message, 'apiVersion')];
    }
    const findings: Finding[] = [];
    if (retired && !isRemoved) {
      const until = retired.removed === undefined ? '' : ` and not served from 1.${retired.removed} on`;
      const message = `${apiVersion} is deprecated since Kubernetes 1.${retired.deprecated}${until}: use ${retired.instead}`;
      findings.push(found('warn', 'api/deprecated', message, 'apiVersion'));
    }
    if (apis.groupVersions === null || aggregated.has(apiVersion)) return findings;
    if (!apis.groupVersions.has(apiVersion)) {
      const group = apiVersion.split('/')[0] ?? '';
      const others = [...apis.groupVersions].filter((each) => each.startsWith(`${group}/`));
      const meant = similarOf(apiVersion, [...apis.groupVersions]);
      const hint =
        others.length > 0
          ? `: it serves ${others.slice(0, MAX_OTHERS).join(', ')}`
          : meant
            ? `: did you mean ${meant}?`
            : '';
      return [...findings, found('refuse', 'api/unknown', `${apiVersion} is not served there${hint}`, 'apiVersion')];
    }
    const document = apis.documents.get(apiVersion);
    if (document === undefined) return findings;
    const name = Object.hasOwn(document.kinds, kind) ? document.kinds[kind] : undefined;
    if (name === undefined) {
      const meant = similarOf(kind, Object.keys(document.kinds));
      const message = `${apiVersion} has no kind ${kind} there${meant === null ? '' : `: did you mean ${meant}?`}`;
      return [...findings, found('refuse', 'api/unknown', message, 'kind')];
    }
    const find = (each: string) => (Object.hasOwn(document.schemas, each) ? document.schemas[each] : undefined);
    const problems = checkObject(object, { ref: name }, find);
    return [
      ...findings,
      ...problems.map(({ field, rule, message }) => found('refuse', `schema/${rule}`, message, field)),
    ];
  };
}

/** The group versions whose documents a bundle needs. */
export function neededVersions(objects: readonly JsonObject[]): readonly string[] {
  const custom = customKinds(objects);
  const needed = new Set<string>();
  for (const { apiVersion, kind } of objects) {
    if (typeof apiVersion !== 'string' || typeof kind !== 'string') continue;
    if (!custom.has(kindKey(apiVersion, kind))) needed.add(apiVersion);
  }
  return [...needed].sort();
}

function minorOf(kubernetes: string | undefined): number | null {
  const [, minor] = /^1\.(\d{1,3})/.exec(kubernetes ?? '') ?? [];
  return minor === undefined ? null : Number(minor);
}
