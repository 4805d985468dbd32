import type { AgentReport, ClusterUid } from '#domain';
import type { Page, PageRequest } from '../page.js';

export interface ReportStore {
  /**
   * Keeps the latest per (application, cluster) by (boot, seq); returns those that were news, in the order given: of several
   * of one key in a batch, the newest only. News is a sign of life (seenAt), but does not bring an offline cluster back: `seen` does.
   */
  upsert(reports: readonly AgentReport[], now: number): Promise<readonly AgentReport[]>;
  get(application: string, uid: ClusterUid): Promise<{ report: AgentReport; at: number } | null>;
  ofCluster(uid: ClusterUid): Promise<readonly { report: AgentReport; at: number }[]>;
  /** Highest boot of the cluster's reports; 0: none yet. */
  boots(uid: ClusterUid): Promise<number>;
  ofApplication(application: string, page: PageRequest): Promise<Page<{ report: AgentReport; at: number }>>;
}
