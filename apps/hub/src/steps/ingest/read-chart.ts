import type { SourceSpec } from '#contract';
import { BugError } from '#kit';
import type { ChartSource, ChartVersion } from '#ports';

/**
 * The version that a source of type helm or oci is at.
 * @throws what ChartSource.resolve throws
 */
export async function readChart(
  charts: ChartSource,
  spec: SourceSpec,
): Promise<ChartVersion & { readonly chart: string }> {
  const { type, url, chart, credential, version = '*', prereleases = false } = spec;
  if (type === 'git') throw new BugError('no-chart', 'A source of type git has no chart.');
  const found = await charts.resolve({
    type,
    url,
    ...(chart !== undefined && { chart }),
    ...(credential !== undefined && { credential }),
    range: version,
    prereleases,
  });
  return { ...found, chart: chart ?? url.replace(/\/+$/, '').replace(/^.*\//, '') };
}

/** What a version is called where a commit's first line is. */
export function subjectOf({ chart, version, description }: Awaited<ReturnType<typeof readChart>>): string {
  return `${chart} ${version}${description === undefined ? '' : `: ${description}`}`.slice(0, 200);
}
