import type { ApplicationSpec } from '#contract';
import type { PlacementRule, ValuesFile } from '#domain';
import type { DeclaredSources } from '../render/declared-sources.js';
import { usesHelm } from '../render/overlay-recipe.js';

/** What is known of an application's chart, where it is one. */
export interface ChartFacts {
  /** Whether one of its sources is a chart. */
  readonly isChart: boolean;
  readonly asksForApis: boolean;
}

/** Whether what is rendered is a chart of its own, and no folder of a repository. */
export function isChartApplication(
  { source, environments = [] }: Pick<ApplicationSpec, 'source' | 'environments'>,
  sources: DeclaredSources,
): boolean {
  const names = environments.length === 0 ? [source] : environments.map(({ source: own = source }) => own);
  return names.some((name) => sources.isChart(name));
}

/** Pure: what an application's spec says of where it goes, and of which overlay each cluster takes. */
export function placementOf(spec: ApplicationSpec, chart: ChartFacts): PlacementRule {
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
    ...(usesHelm(spec, chart.isChart) && {
      helm: {
        values: (helm?.valuesFiles ?? []).map(valuesFileOf),
        ...(helm?.kubeVersion !== undefined && { kubernetes: helm.kubeVersion }),
        ...(chart.asksForApis && { asksForApis: true }),
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
