import type { Logger } from '#kit';
import type { Discovery, RecordStore } from '#kube';
import type { Clock, Kube } from '#ports';
import type { AgentTiming } from '../../agent-options.js';
import type { ReportOutbox } from '../report/report-outbox.js';
import type { KindWatches } from './kind-watches.js';

/** What all applications of an agent share. */
export interface WorkerContext {
  readonly cluster: string;
  readonly boot: number;
  /** The agent's own namespace. */
  readonly namespace: string;
  readonly kube: Kube;
  readonly discovery: Discovery;
  readonly watches: KindWatches;
  readonly records: RecordStore;
  readonly outbox: ReportOutbox;
  readonly nextSeq: () => number;
  /** The gzipped bundle; `spread`: not at once. */
  readonly fetchBundle: (digest: string, chunks: number, spread: boolean) => Promise<Uint8Array>;
  readonly isInstant: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly timing: AgentTiming;
  readonly logger: Logger;
}
