import type { HealthRule } from './health/health-rule.js';

/** What one cluster is told, all applications in one document, so that a change across applications is atomic. */
export interface Manifest {
  /** Version of the protocol between hub and agent. */
  readonly protocol: number;
  /** UID of the cluster it is for. */
  readonly cluster: string;
  /** Counter per cluster, kept in the database; an agent refuses a lower one than it holds. */
  readonly sequence: number;
  readonly applications: Readonly<Record<string, ManifestApplication>>;
  /** What the agent is to believe from now on; absent as long as nothing was ever rotated: what was pinned at the join stays. */
  readonly trust?: TrustDocument;
  /**
   * The cluster leaves the fleet: the agent takes down all that it holds by its inventories, whatever is named above. Nothing
   * else ever means that, least of all a manifest that names nothing; an agent that does not know it takes down what is named
   * with `release: null`.
   */
  readonly withdraw?: true;
}

/**
 * Whom agents believe. It counts only as part of a manifest that a key signed which the agent holds already, and only where that
 * key is in it too: so nobody is led from one key to another but by the first.
 */
export interface TrustDocument {
  /** Raised by each change; an agent refuses a lower one than it holds. 1 is what the first agents were told at their join. */
  readonly generation: number;
  /** Public keys in PEM (Ed25519) by key id: whatever one of them signed is the hub's word. */
  readonly manifestKeys: Readonly<Record<string, string>>;
  /** PEM of the authorities, one after the other, that the hub's HTTPS API and the bus are held to. */
  readonly ca: string;
}

export interface ManifestApplication {
  /** Number of the release; null: withdraw. */
  readonly release: number | null;
  /** Git commit, 40 or 64 hexadecimal digits; empty with `release: null`. */
  readonly revision: string;
  /** SHA-256 of the bundle's canonical JSON. */
  readonly digest: string;
  /** How many chunks the gzipped bundle has on the bus. */
  readonly chunks: number;
  readonly generation: number;
  readonly healthyForMs: number;
  /** How many objects the agent may delete on the way to this bundle, those of `exempt` not counted. */
  readonly maxDeletions: number;
  /**
   * The bundle that a rollback takes back. What it has and this one has not was added by the release that is taken back: the
   * agent deletes it without counting it. Absent, as from a hub that knows no exemptions: every deletion counts.
   */
  readonly exempt?: {
    readonly digest: string;
    readonly chunks: number;
    /** Of objects there that name none; absent: `namespace`. */
    readonly namespace?: string;
  };
  /**
   * Paused hard: the agent begins no further object of this application, neither to apply nor to delete nor to correct it, until
   * a manifest comes without this, or with a newer generation. What it wrote stays. An agent that knows no halts goes on.
   */
  readonly halted?: true;
  readonly drift: 'report' | 'correct' | 'off';
  /** Namespace for namespaced objects that name none. */
  readonly namespace: string;
  /** How the health of custom resources is told; absent: by the common rules. */
  readonly health?: readonly HealthRule[];
  /** What may differ from Git and is left as it is. */
  readonly ignoreDifferences?: readonly IgnoreDifferences[];
  /**
   * Service account in `namespace` as which everything is applied, corrected and deleted, so that the application can do no more
   * than that may. Absent: as the agent itself.
   */
  readonly serviceAccount?: string;
  /** What encrypted objects are read with; absent: the Secret that agents look for by themselves. */
  readonly decryption?: ManifestDecryption;
}

/** What a release says besides its bundles: who gets it gets these with it, in its turn and not before. */
export type ReleaseTerms = Pick<
  ManifestApplication,
  'drift' | 'namespace' | 'health' | 'ignoreDifferences' | 'serviceAccount' | 'decryption'
>;

export interface ManifestDecryption {
  /** Name of the Secret with age keys in the agent's own namespace. */
  readonly secret: string;
}

/** Fields of some objects that others may set: they are neither told as drift nor put back. */
export interface IgnoreDifferences {
  /** `apps/Deployment`; `ConfigMap` for the core group; `*` for every kind. */
  readonly kind: string;
  /** Absent: whatever its name. */
  readonly name?: string;
  /** Absent: in every namespace. */
  readonly namespace?: string;
  /** JSON pointers as in RFC 6901, such as `/spec/replicas`; `*` stands for every entry of a list or map. */
  readonly jsonPointers?: readonly string[];
  /** Whatever these field managers own. */
  readonly managers?: readonly string[];
}

/** The version spoken here; one apart works, more is refused. */
export const PROTOCOL_VERSION = 1;

/** The signature covers the exact bytes of `payload`. */
export interface SignedManifest {
  /** JSON text of a Manifest. */
  readonly payload: string;
  readonly keyId: string;
  /** Ed25519, base64url. */
  readonly signature: string;
}
