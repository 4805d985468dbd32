import type { JsonObject, JsonValue } from '#domain';
import { RejectedError } from '#kit';
import { parseObjects } from '../parse-yaml.js';

export interface ChartDependency {
  readonly name: string;
  /** A version or a range of them. */
  readonly version: string;
  /** A URL, `file://…`, `alias:…`, or empty. */
  readonly repository: string;
}

/** What a chart says of itself. */
export interface ChartAbout {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly ChartDependency[];
  /** Versions that its lock file pins, by names. */
  readonly locked: ReadonlyMap<string, string>;
}

/**
 * Reads `Chart.yaml` (of old charts also `requirements.yaml`) and the lock file.
 * @param folder of the chart, how messages name it
 * @throws RejectedError `path-not-found`, `yaml-invalid`
 */
export function readChartAbout(files: ReadonlyMap<string, Buffer>, folder: string): ChartAbout {
  const at = (name: string): string => (folder === '.' ? name : `${folder}/${name}`);
  const chart = readOne(files.get('Chart.yaml'), at('Chart.yaml'));
  if (chart === null) {
    throw new RejectedError('path-not-found', `${folder} holds no Chart.yaml: name the folder of a Helm chart.`);
  }
  const old = readOne(files.get('requirements.yaml'), at('requirements.yaml'));
  const lock =
    readOne(files.get('Chart.lock'), at('Chart.lock')) ??
    readOne(files.get('requirements.lock'), at('requirements.lock'));
  return {
    name: textOf(chart['name']),
    version: textOf(chart['version']),
    dependencies: [...dependenciesOf(chart), ...dependenciesOf(old)],
    locked: new Map(dependenciesOf(lock).map(({ name, version }) => [name, version])),
  };
}

function readOne(content: Buffer | undefined, file: string): JsonObject | null {
  return content === undefined ? null : (parseObjects(content, file, { lastWins: true })[0] ?? null);
}

function dependenciesOf(document: JsonObject | null): readonly ChartDependency[] {
  const list = document?.['dependencies'];
  if (!Array.isArray(list)) return [];
  return (list as readonly JsonValue[]).flatMap((each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return [];
    const { name, version, repository } = each as JsonObject;
    return [{ name: textOf(name), version: textOf(version), repository: textOf(repository) }];
  });
}

/** A version such as 1.2 is read as a number. */
function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
