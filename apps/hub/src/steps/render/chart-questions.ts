import { Injectable } from '@nestjs/common';
import type { ApplicationSpec } from '#contract';
import { place } from '#domain';
import { keepNewest } from '#kit';
import type { StoredCluster } from '#ports';
import { chartAsksForApis } from '#render';
import { isChartApplication, placementOf, type ChartFacts } from '../assign/placement-of.js';
import { originKey, type DeclaredSources } from './declared-sources.js';
import { Exports } from './exports.js';
import { usesHelm } from './overlay-recipe.js';
import { readLeast } from './read-least.js';

/** Most answers kept. */
const MAX_KNOWN = 10_000;

/** Finds out of charts what decides which overlays there are. A commit never changes, so what was found is remembered. */
@Injectable()
export class ChartQuestions {
  private readonly known = new Map<string, Promise<boolean>>();

  constructor(private readonly exports: Exports) {}

  /** @throws Blocked where the application's source was not read yet. */
  async ask(spec: ApplicationSpec, sources: DeclaredSources, clusters: readonly StoredCluster[]): Promise<ChartFacts> {
    const isChart = isChartApplication(spec, sources);
    const facts = { isChart, asksForApis: false };
    // Where no cluster has told what it serves, there is nothing to tell a chart.
    const telling = clusters.filter(({ apis }) => apis !== undefined);
    if (!usesHelm(spec, isChart) || telling.length === 0) return facts;
    const { members } = place(placementOf(spec, facts), telling);
    const places = new Map(members.map(({ inputs: { source, path } }) => [`${source} ${path}`, { source, path }]));
    const answers = await Promise.all([...places.values()].map(({ source, path }) => this.asks(sources, source, path)));
    return { isChart, asksForApis: answers.includes(true) };
  }

  private asks(sources: DeclaredSources, source: string, path: string): Promise<boolean> {
    const pin = sources.pin(source);
    const key = `${originKey(pin.origin)} ${pin.revision} ${path}`;
    const found = this.known.get(key);
    if (found) return found;
    const open = this.exports.open();
    const asked = readLeast(open, pin, [path], async (folder) => {
      const { asks, reads } = await chartAsksForApis(folder, path);
      return { made: asks, reads };
    }).finally(() => open.close());
    // What is wrong with a chart is told by its render.
    const answer = asked.catch(() => {
      this.known.delete(key);
      return false;
    });
    keepNewest(this.known, key, answer, MAX_KNOWN);
    return answer;
  }
}
