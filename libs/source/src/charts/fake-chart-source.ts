import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RejectedError, RetryableError } from '#kit';
import type { ChartRepository, ChartSource } from '#ports';
import { pickVersions } from '../pick-version.js';
import { digestMismatch, lineOf, rangeOf } from './chart-door.js';
import { type ChartPlace, parsePlace } from './chart-place.js';

export interface FakeChart {
  readonly version: string;
  readonly description?: string;
  readonly createdAt?: string;
  /** Beside Chart.yaml, which is made where it is not among them. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface FakeChartSource extends ChartSource {
  /** Publishes a version, or publishes it anew; answers its digest. */
  publish(repository: ChartRepository, chart: FakeChart): string;
  unpublish(repository: ChartRepository, version: string): void;
  /** From now on no place can be reached, or can be again. */
  setReachable(reachable: boolean): void;
}

interface Published extends FakeChart {
  readonly digest: string;
  readonly files: Readonly<Record<string, string>>;
}

/** A ChartSource in memory, for tests: held to the same contract suite as real repositories and registries. */
export function createFakeChartSource(): FakeChartSource {
  /** By place and version. */
  const places = new Map<string, Map<string, Published>>();
  /** Every pack that was seen while it was published, by place and digest. */
  const kept = new Map<string, Published>();
  let isReachable = true;
  const versionsOf = ({ shown }: ChartPlace): Map<string, Published> => {
    if (!isReachable) throw new RetryableError('source-unreachable', `${shown} could not be read: it is away.`);
    const versions = places.get(shown);
    if (versions !== undefined) return versions;
    throw new RejectedError('chart-not-found', `${shown}: there is no such chart.`);
  };

  return {
    async resolve({ range, prereleases, ...repository }) {
      const place = parsePlace(repository);
      const versions = versionsOf(place);
      const about = { of: place.shown, field: 'spec.version' };
      const exact = versions.get(range);
      const [newest = ''] =
        exact === undefined ? pickVersions([...versions.keys()], rangeOf({ range, prereleases }), about) : [range];
      const found = versions.get(newest);
      if (found === undefined) throw new RejectedError('version-not-found', `${place.shown} has no ${newest}.`);
      kept.set(`${place.shown} ${found.digest}`, found);
      const description = lineOf(found.description);
      return {
        version: found.version,
        digest: found.digest,
        ...(found.createdAt !== undefined && { createdAt: found.createdAt }),
        ...(description !== undefined && { description }),
      };
    },
    async export({ version, digest, ...repository }, folder) {
      const place = parsePlace(repository);
      const chart = kept.get(`${place.shown} ${digest}`) ?? versionsOf(place).get(version);
      if (chart?.digest !== digest) throw digestMismatch(place, version, digest, chart?.digest ?? 'none');
      for (const [name, content] of Object.entries(chart.files)) {
        const file = path.join(folder, name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, content, { flag: 'wx' });
      }
    },
    publish(repository, { files = {}, ...chart }) {
      const place = parsePlace(repository);
      const chartYaml = `apiVersion: v2\nname: ${place.chart}\nversion: ${chart.version}\n`;
      const whole = { 'Chart.yaml': chartYaml, ...files };
      const digest = createHash('sha256')
        .update(JSON.stringify([chart.version, whole]))
        .digest('hex');
      const versions = places.get(place.shown) ?? new Map<string, Published>();
      places.set(place.shown, versions.set(chart.version, { ...chart, files: whole, digest }));
      return digest;
    },
    unpublish(repository, version) {
      places.get(parsePlace(repository).shown)?.delete(version);
    },
    setReachable(reachable) {
      isReachable = reachable;
    },
  };
}
