import type { JsonObject } from '#domain';
import { applicationSpecSchema, type ApplicationSpec } from './resources.js';

/** A Source, and the field of the application's spec that names it. */
export interface NamedSource {
  readonly name: string;
  /** `spec.helm.valuesFiles[0].source`. */
  readonly field: string;
}

/** Every Source that an application's spec names. */
export function namedSources({ source, environments = [], helm }: ApplicationSpec): readonly NamedSource[] {
  const named = (name: string | undefined, field: string): readonly NamedSource[] =>
    name === undefined ? [] : [{ name, field: `spec.${field}` }];
  return [
    ...named(source, 'source'),
    ...environments.flatMap((each, index) => named(each.source, `environments[${index}].source`)),
    ...(helm?.valuesFiles ?? []).flatMap((file, index) =>
      typeof file === 'string' ? [] : named(file.source, `helm.valuesFiles[${index}].source`),
    ),
  ];
}

/** Their names, of a spec as it is stored: of one that is not valid any more, the one that every version knew. */
export function sourceNamesOf(spec: JsonObject): ReadonlySet<string> {
  const { data } = applicationSpecSchema.safeParse(spec);
  if (data) return new Set(namedSources(data).map(({ name }) => name));
  return new Set(typeof spec['source'] === 'string' ? [spec['source']] : []);
}
