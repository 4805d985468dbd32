/** A chart where it is published. */
export interface ChartRepository {
  readonly type: 'helm' | 'oci';
  /** `https://…` of a repository with an index.yaml, or `oci://registry/path/chart`. */
  readonly url: string;
  /** The chart's name in a repository; an OCI URL has it at its end. */
  readonly chart?: string;
  /** Name of the credential; absent: as anybody. */
  readonly credential?: string;
}

/** One published version, pinned. */
export interface ChartVersion {
  /** As the chart has it, `1.4.2`. */
  readonly version: string;
  /** SHA-256 of the packed chart, 64 hexadecimal digits. */
  readonly digest: string;
  /** ISO 8601, UTC; absent where it is not told. */
  readonly createdAt?: string;
  /** First line of what it says of itself, at most 200 characters. */
  readonly description?: string;
}

export interface ChartSource {
  /**
   * The newest version within a range (`*` is any; pre-releases only where the range or `prereleases` asks for them), with its digest. A version that is
   * published anew with other contents is another digest, and told as such.
   * @throws RejectedError `version-not-found`, `range-invalid`, `chart-not-found`, `chart-ambiguous`, `url-refused`, `address-refused`, `index-invalid`, `chart-too-large`, `credential-missing`,
   * `credential-unfit`, and of the pack, which is brought at once, `digest-mismatch` (it is not what is said of it), `chart-invalid` (names or links that leave it, no Chart.yaml);
   * RetryableError `source-unreachable`. No message holds credentials.
   */
  resolve(chart: ChartRepository & { readonly range: string; readonly prereleases: boolean }): Promise<ChartVersion>;

  /**
   * Unpacks a pinned chart into an empty folder, which is made where it is missing: Chart.yaml lies at its root. Kept packed on the disk by digest, so
   * that a release can be rendered again when nobody publishes it any more.
   * @throws what resolve throws; `digest-mismatch` also where nobody publishes the pinned digest any more. Then nothing is left in the folder.
   */
  export(chart: ChartRepository & Pick<ChartVersion, 'version' | 'digest'>, folder: string): Promise<void>;
}
