import type { ApplicationSpec } from '#contract';
import type { PlacementRule, ValuesFile } from '#domain';

/** Pure: what an application's spec says of where it goes, and of which overlay each cluster takes. */
export function placementOf(spec: ApplicationSpec): PlacementRule {
  const { source, path, placement, environments = [], helm, patches = [] } = spec;
  return {
    source,
    pathTemplate: path,
    selector: placement.selector ?? {},
    ...(environments.length > 0 && {
      environments: environments.map(({ name, selector, source: own }) => ({
        name,
        ...(selector !== undefined && { selector: selector }),
        ...(own !== undefined && { source: own }),
      })),
    }),
    ...(helm !== undefined && {
      helm: {
        values: helm.valuesFiles.map(valuesFileOf),
        ...(helm.kubeVersion !== undefined && { kubernetes: helm.kubeVersion }),
      },
    }),
    ...(patches.length > 0 && {
      patches: patches.map(({ selector }) => (selector === undefined ? {} : { selector: selector })),
    }),
  };
}

function valuesFileOf(file: NonNullable<ApplicationSpec['helm']>['valuesFiles'][number]): ValuesFile {
  if (typeof file === 'string') return { path: file };
  const { source, path, optional } = file;
  return { path, ...(source !== undefined && { source }), ...(optional === true && { optional }) };
}
