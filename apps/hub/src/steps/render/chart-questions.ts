import { Injectable } from '@nestjs/common';
import type { ApplicationSpec } from '#contract';
import type { StoredCluster } from '#ports';
import { isChartApplication, type ChartFacts } from '../assign/placement-of.js';
import type { DeclaredSources } from './declared-sources.js';

/** Finds out of charts what decides which overlays there are. */
@Injectable()
export class ChartQuestions {
  async ask(spec: ApplicationSpec, sources: DeclaredSources, clusters: readonly StoredCluster[]): Promise<ChartFacts> {
    return { isChart: isChartApplication(spec, sources), asksForApis: clusters.length < 0 };
  }
}
