/** What one cluster is told, all applications in one document, so that a change across applications is atomic. */
export interface Manifest {
  /** Version of the protocol between hub and agent. */
  readonly protocol: number;
  /** UID of the cluster it is for. */
  readonly cluster: string;
  /** Counter per cluster, kept in the database; an agent refuses a lower one than it holds. */
  readonly sequence: number;
  readonly applications: Readonly<Record<string, ManifestApplication>>;
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
  /** How many objects the agent may delete on the way to this bundle. */
  readonly maxDeletions: number;
  readonly drift: 'report' | 'correct' | 'off';
  /** Namespace for namespaced objects that name none. */
  readonly namespace: string;
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
