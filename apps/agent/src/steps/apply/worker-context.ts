import type { Logger } from '#kit';
import type { Discovery, RecordStore } from '#kube';
import type { Clock, Kube } from '#ports';
import type { AgentTiming } from '../../agent-options.js';
import type { ReportOutbox } from '../report/report-outbox.js';
import type { KindWatches } from './kind-watches.js';
import type { Reach } from './reach.js';

export interface BundleRequest {
  readonly digest: string;
  readonly chunks: number;
  readonly spread: boolean;
  /** A newer assignment came: this one is no longer waited for. */
  readonly signal: AbortSignal;
}

/** What all applications of an agent share. */
export interface WorkerContext {
  readonly cluster: string;
  readonly boot: number;
  /** The agent's own namespace. */
  readonly namespace: string;
  /** Where it may work. */
  readonly reach: Reach;
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly watches: KindWatches;
  readonly records: RecordStore;
  /** Applications that are taken down because the cluster leaves the fleet; null: it stays. */
  readonly leaving: () => ReadonlySet<string> | null;
  readonly outbox: ReportOutbox;
  readonly nextSeq: () => number;
  /** The gzipped bundle; `spread`: not at once. @throws RetryableError, also when the signal aborted the wait. */
  readonly fetchBundle: (request: BundleRequest) => Promise<Uint8Array>;
  readonly isInstant: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: AgentTiming;
  readonly logger: Logger;
}
