import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricDescription<L extends string> {
  /** Without the prefix, with the unit: `render_seconds`. */
  readonly name: string;
  readonly help: string;
  /** Bounded sets only: never a cluster's name or a commit. */
  readonly labels?: readonly L[];
}

export interface HistogramDescription<L extends string> extends MetricDescription<L> {
  /** Upper bounds in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Seconds from a millisecond to a minute: what a step of the corridor takes. */
export const stepBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export interface Metrics {
  counter<L extends string = never>(about: MetricDescription<L>): Counter<L>;
  /** `collect` is asked at every scrape, for values that somebody else keeps. */
  gauge<L extends string = never>(about: MetricDescription<L>, collect?: () => number | Promise<number>): Gauge<L>;
  histogram<L extends string = never>(about: HistogramDescription<L>): Histogram<L>;
  /** What a scrape gets. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** A registry of its own, never the library's global one: two in one process, as the tests have, don't meet. */
export function createMetrics({
  prefix = 'flotilla_',
  processMetrics = false,
}: { readonly prefix?: string; readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const common = <L extends string>(about: MetricDescription<L>) => ({
    name: `${prefix}${about.name}`,
    help: about.help,
    labelNames: [...(about.labels ?? [])],
    registers: [registry],
  });
  return {
    counter: (about) => new Counter(common(about)),
    gauge: (about, collect) =>
      new Gauge({
        ...common(about),
        ...(collect === undefined
          ? {}
          : {
              async collect(): Promise<void> {
                this.set(await collect());
              },
            }),
      }),
    histogram: (about) => new Histogram({ ...common(about), buckets: [...(about.buckets ?? stepBuckets)] }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
