import { posix } from 'node:path';
import { RejectedError } from '#kit';
import semver from 'semver';
import type { Reads } from '../reads.js';
import { resolveInside } from '../resolve-inside.js';
import { readChartAbout, type ChartAbout, type ChartDependency } from './chart-about.js';
import { readChart, type ChartFiles } from './read-chart.js';

export interface CompleteChart extends ChartFiles {
  readonly about: ChartAbout;
  /** Whether charts were put into `charts/` that are not there in the repository. */
  readonly wasCompleted: boolean;
  readonly warnings: readonly string[];
}

const maxDepth = 10;

/**
 * Reads a chart and puts beside it the charts of this repository that it names by `file://` and has not in its `charts/`, as `helm
 * dependency build` would. Nothing is fetched: any other chart that it names must be in its `charts/`.
 * @throws RejectedError `path-not-found`, `path-escapes`, `dependency-missing`, `yaml-invalid`, `helm-failed`
 */
export async function completeChart(
  root: string,
  folder: string,
  reads: Reads,
  ancestors: readonly string[] = [],
): Promise<CompleteChart> {
  if (ancestors.includes(folder) || ancestors.length > maxDepth) {
    throw new RejectedError('helm-failed', `${[...ancestors, folder].join(' -> ')}: these charts name each other.`);
  }
  const chart = await readChart(root, folder, reads);
  const about = readChartAbout(chart.files, folder);
  const present = chartsOf(chart.files, folder);
  const files = new Map(chart.files);
  const packed = new Set(chart.packed);
  const warnings = lockWarnings(about, present, folder);
  const missing: ChartDependency[] = [];
  let wasCompleted = false;
  for (const dependency of about.dependencies) {
    if (present.has(dependency.name)) continue;
    if (!dependency.repository.startsWith('file://')) {
      missing.push(dependency);
      continue;
    }
    const local = await readLocal({ root, folder, reads, ancestors }, dependency);
    wasCompleted = true;
    packed.add(`charts/${dependency.name}`);
    for (const [name, content] of local.files) files.set(`charts/${dependency.name}/${name}`, content);
    warnings.push(...local.warnings);
    present.set(dependency.name, local.about.version);
  }
  if (missing.length > 0) throw dependencyMissing(folder, missing);
  return { files, packed, about, wasCompleted, warnings };
}

async function readLocal(
  {
    root,
    folder,
    reads,
    ancestors,
  }: {
    readonly root: string;
    readonly folder: string;
    readonly reads: Reads;
    readonly ancestors: readonly string[];
  },
  { name, version, repository }: ChartDependency,
): Promise<CompleteChart> {
  const namedBy = `${folder}/Chart.yaml: dependencies (${name})`;
  // It becomes the name of a folder.
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new RejectedError('helm-failed', `${namedBy}: this is no name of a chart.`);
  const inside = await resolveInside(root, folder, repository.slice('file://'.length), namedBy);
  if (inside?.kind !== 'folder') {
    const what = inside === null ? 'which is not there' : 'which is a file';
    throw new RejectedError('dependency-missing', `${namedBy} names ${JSON.stringify(repository)}, ${what}.`, {
      missingPath: posix.join(folder, repository.slice('file://'.length)),
    });
  }
  reads.addLinks(inside);
  const local = await completeChart(root, inside.relative, reads, [...ancestors, folder]);
  if (local.about.name !== name) {
    throw new RejectedError(
      'dependency-missing',
      `${namedBy} names ${inside.relative}, which is the chart ${JSON.stringify(local.about.name)}.`,
    );
  }
  if (!fits(local.about.version, version)) {
    throw new RejectedError(
      'dependency-missing',
      `${namedBy} asks for version ${JSON.stringify(version)}, and ${inside.relative} is ${local.about.version}.`,
    );
  }
  return local;
}

function fits(version: string, range: string): boolean {
  // Helm's ranges may have commas between their parts.
  const wanted = range.replace(/,/g, ' ').trim();
  if (wanted === '' || wanted === version) return true;
  // What is no range for us may be one for Helm, and the chart is there.
  if (semver.validRange(wanted) === null) return true;
  return (
    semver.satisfies(version, wanted, { includePrerelease: wanted.includes('-') }) || semver.valid(version) === null
  );
}

/** Names and versions of the charts in `charts/`. */
function chartsOf(files: ReadonlyMap<string, Buffer>, folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, content] of files) {
    const place = /^charts\/([^/_.][^/]*)\/Chart\.yaml$/.exec(name)?.[1];
    if (place === undefined) continue;
    const about = readChartAbout(new Map([['Chart.yaml', content]]), `${folder}/charts/${place}`);
    found.set(about.name, about.version);
  }
  return found;
}

function lockWarnings(about: ChartAbout, present: ReadonlyMap<string, string>, folder: string): string[] {
  return [...about.locked].flatMap(([name, version]) => {
    const have = present.get(name);
    if (have === undefined || have === version || version === '') return [];
    return [`${folder}/charts has ${name} ${have}, and the lock file says ${version}: run \`helm dependency build\`.`];
  });
}

function dependencyMissing(folder: string, missing: readonly ChartDependency[]): RejectedError {
  const names = missing.map(({ name, version }) => `${name} ${version}`.trim());
  const one = missing.length === 1;
  return new RejectedError(
    'dependency-missing',
    `${folder}/Chart.yaml names ${one ? 'a chart' : 'charts'} that ${one ? 'is' : 'are'} not in ${folder}/charts, and nothing is fetched: ` +
      `${names.slice(0, 10).join(', ').slice(0, 300)}. Run \`helm dependency build ${folder}\` and commit the charts folder.`,
    { missing: names.slice(0, 10) },
  );
}
