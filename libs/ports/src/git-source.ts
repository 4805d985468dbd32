/** One commit, pinned. */
export interface Commit {
  /** 40 or 64 hexadecimal digits. */
  readonly sha: string;
  /** `Name <email>`, at most 200 characters. */
  readonly author: string;
  /** First line, at most 200 characters. */
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly committedAt: string;
}

export interface GitSource {
  /**
   * Brings the mirror of `url` up to date for `ref` (branch, tag or full commit SHA) and tells its commit.
   * Concurrent calls for one url share one fetch.
   * @throws RejectedError `ref-not-found`, `url-refused`; RetryableError `source-unreachable` (the mirror keeps what it had).
   */
  resolve(source: { readonly url: string; readonly ref: string }): Promise<Commit>;

  /**
   * Writes the commit's files below `path` (default: all) into an empty folder: regular files and symlinks only, with the
   * executable bit dropped, no `.git`, no submodules.
   * @throws RejectedError `symlink-escapes` (a symlink that leaves the tree), `tree-too-large` (files, bytes).
   */
  export(source: { readonly url: string; readonly sha: string }, folder: string): Promise<void>;
}
