import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { RejectedError } from '#kit';
import { Reads } from '../reads.js';
import { resolveInside } from '../resolve-inside.js';
import { chartWordsOf } from './chart-words.js';
import { completeChart } from './complete-chart.js';

/**
 * Whether a chart, or one in it, asks which API versions the cluster has: only then does what the clusters serve make a render another.
 * @param folder with the whole commit, or the unpacked chart
 * @param path of the chart in it
 * @returns with what of the folder that depends on, as RenderOutput has it
 * @throws RejectedError as Renderer does for what is wrong with the chart's files
 */
export async function chartAsksForApis(
  folder: string,
  path: string,
): Promise<{ readonly asks: boolean; readonly reads: readonly string[] }> {
  const root = await realpath(folder);
  const inside = await resolveInside(root, '.', posix.normalize(path), 'spec.path');
  if (inside?.kind !== 'folder') throw new RejectedError('path-not-found', `${path} is not a folder of the commit.`);
  const reads = new Reads(root);
  reads.addLinks(inside);
  const { files } = await completeChart(root, inside.relative, reads);
  return { asks: chartWordsOf(files, []).asksForApis, reads: reads.list() };
}
