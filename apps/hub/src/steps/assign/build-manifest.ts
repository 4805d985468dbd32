import {
  deletionBudget,
  PROTOCOL_VERSION,
  type ClusterUid,
  type Manifest,
  type ManifestApplication,
  type ReleaseTerms,
  type TargetRow,
} from '#domain';
import { termsInForce, type ApplicationTerms } from './application-terms.js';

/** What a manifest says of a bundle. */
export interface BundleTerms {
  readonly revision: string;
  /** 0: it is not on the bus, and only compared with. */
  readonly chunks: number;
  readonly objects: number;
  /** What the release says besides; absent: a hub that kept none made it. */
  readonly terms?: ReleaseTerms;
}

/** No budget: as many as an agent can hold. */
const ALL_OBJECTS = 1_000_000;

/**
 * Pure: one cluster's manifest from its present rows. An application whose terms are unknown (it was deleted a moment ago) is
 * left out, which an agent never takes for a deletion.
 */
export function buildManifest(input: {
  readonly cluster: ClusterUid;
  readonly sequence: number;
  /** The cluster leaves the fleet: all goes, whatever its rows say. */
  readonly leaves?: boolean;
  readonly rows: readonly { readonly application: string; readonly row: TargetRow }[];
  readonly terms: ReadonlyMap<string, ApplicationTerms>;
  readonly bundle: (application: string, release: number, digest: string) => BundleTerms | null;
}): Manifest {
  const applications: Record<string, ManifestApplication> = {};
  for (const { application, row } of input.rows) {
    const terms = input.terms.get(application);
    const { assignment } = row;
    if (!terms || !assignment) continue;
    // A rollout that began as the cluster was taken out may have assigned something: it is on no list of its agent's.
    if (input.leaves && assignment.release !== null) continue;
    const { generation, healthyForMs, release, digest, takesBack } = assignment;
    const { maxDeletions: budgeted, ...present } = terms;
    // What is withdrawn goes on the terms on which it came.
    const held = release === null ? (row.lastPassed ?? row.previous) : { release, digest };
    const told = termsInForce(held ? input.bundle(application, held.release, held.digest)?.terms : undefined, present);
    const common = { generation, healthyForMs, ...told, ...(row.halted && !input.leaves && { halted: row.halted }) };
    if (release === null) {
      applications[application] = {
        ...common,
        release,
        revision: '',
        digest: '',
        chunks: 0,
        maxDeletions: ALL_OBJECTS,
      };
      continue;
    }
    const bundle = input.bundle(application, release, digest);
    if (!bundle) continue;
    // As the hub itself counted: of what the bundle that is replaced has, where that is the larger one.
    const before = row.previous && input.bundle(application, row.previous.release, row.previous.digest);
    const budget = deletionBudget(budgeted, Math.max(bundle.objects, before?.objects ?? 0));
    const maxDeletions = assignment.deletionsAccepted ? ALL_OBJECTS : budget;
    // A bundle that is lost exempts nothing: the agent then counts what it deletes, and asks.
    const taken = takesBack && input.bundle(application, takesBack.release, takesBack.digest);
    applications[application] = {
      ...common,
      release,
      revision: bundle.revision,
      digest,
      chunks: bundle.chunks,
      maxDeletions,
      ...(taken && taken.chunks > 0 && { exempt: exemptOf(takesBack.digest, taken, told.namespace) }),
    };
  }
  const { cluster, sequence, leaves } = input;
  return { protocol: PROTOCOL_VERSION, cluster, sequence, ...(leaves && { withdraw: true }), applications };
}

function exemptOf(
  digest: string,
  { chunks, terms }: BundleTerms,
  namespace: string,
): NonNullable<ManifestApplication['exempt']> {
  const other = terms !== undefined && terms.namespace !== namespace;
  return { digest, chunks, ...(other && { namespace: terms.namespace }) };
}
