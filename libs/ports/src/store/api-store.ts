/** What a cluster's API server serves: group versions with the hashes of their documents, the SHA-512 of their bytes. */
export type ApiIndex = Readonly<Record<string, string>>;

/** What agents told of their clusters' APIs. Clusters that serve the same share it. */
export interface ApiStore {
  /** By the digest that clusters tell; null: nobody has told it yet. */
  index(digest: string): Promise<ApiIndex | null>;
  putIndex(digest: string, index: ApiIndex): Promise<void>;
  /** A group version's schemas, gzipped; null: not told yet. Only what was found to be of the hash is put there. */
  document(groupVersion: string, hash: string): Promise<Uint8Array | null>;
  putDocument(groupVersion: string, hash: string, gzipped: Uint8Array): Promise<void>;
  /** Drops what no cluster serves any more; returns how many documents. */
  sweep(): Promise<number>;
}
