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
   * A branch goes before a tag of the same name; a commit that is mirrored already is told without asking anybody.
   * @throws RejectedError `ref-not-found`, `url-refused`, `repository-too-large`; RetryableError `source-unreachable` (the mirror keeps
   * what it had), `program-missing`. No message holds credentials.
   */
  resolve(source: { readonly url: string; readonly ref: string }): Promise<Commit>;

  /**
   * Writes the commit's files into an empty folder, which is made where it is missing: regular files and symlinks only, with the
   * executable bit dropped, no `.git`, no submodules. Fetches where the commit is not mirrored yet.
   * @throws what resolve throws; RejectedError `symlink-escapes` (a symlink that leaves the tree), `tree-too-large` (files, bytes),
   * `tree-invalid` (names that no honest commit has). A refused symlink, name or size leaves nothing written.
   */
  export(source: { readonly url: string; readonly sha: string }, folder: string): Promise<void>;
}
