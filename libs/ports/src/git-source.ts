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
  /** The tag that a range of versions came to, `v1.4.2`; absent where a ref was named. */
  readonly tag?: string;
  /** Who signed it; absent where nobody was asked for, or nobody did. */
  readonly signature?: GitSignature;
  /** Whether the commit that was asked about (`after`) is not in its history: somebody pushed by force, or moved the tag. */
  readonly rewritten?: true;
}

/** A signature that one of the keys made which were asked for. */
export interface GitSignature {
  readonly kind: 'openpgp' | 'ssh';
  /** The key's name, as the source has it. */
  readonly signer: string;
  /** `SHA256:…` of an SSH key, 40 hexadecimal digits of an OpenPGP one. */
  readonly fingerprint: string;
  readonly of: 'commit' | 'tag';
}

/** Branch, tag or full commit id; or the newest tag within a range of versions. */
export type GitRef = string | { readonly semver: string; readonly prereleases: boolean };

/** Whose signatures are asked for. */
export interface GitVerification {
  readonly of: 'commit' | 'tag';
  /** Armoured OpenPGP blocks, or SSH keys as in `authorized_keys`. */
  readonly keys: readonly { readonly name: string; readonly key: string }[];
  /** Whether what none of them signed is refused. */
  readonly required: boolean;
}

/** What lets the hub in at one host, and nowhere else. */
export type GitCredential =
  | {
      readonly kind: 'https';
      /** `example.com`, or `example.com:8443` where the port is not the usual one. */
      readonly host: string;
      readonly username: string;
      /** Mostly a token. */
      readonly password: string;
      /** PEM of the authority that signed the host's certificate; absent: those that the system trusts. */
      readonly ca?: string;
    }
  | {
      readonly kind: 'ssh';
      readonly host: string;
      /** Without a passphrase. */
      readonly privateKey: string;
      /** Lines as in `known_hosts`: the host's own keys. */
      readonly knownHosts: string;
    };

/** The credential of that name, as it is now. @throws RejectedError `credential-missing` */
export type ReadCredential = (name: string) => Promise<GitCredential>;

/** A repository, and the name of the credential that it is read with; absent: as anybody. */
export interface GitRepository {
  readonly url: string;
  readonly credential?: string;
  /** Whether submodules are part of it: those at the same host, at the commit that is pinned. */
  readonly submodules?: boolean;
}

export interface GitQuestion extends GitRepository {
  readonly ref: GitRef;
  readonly verify?: GitVerification;
  /** The commit that the same branch or tag was at before: whether it is in the history of what is there now is told by `rewritten`. */
  readonly after?: string;
}

export interface GitSource {
  /**
   * Brings the mirror of `url` up to date for `ref` (branch, tag, full commit SHA or range of versions) and tells its commit.
   * Concurrent calls for one url share one fetch.
   * A branch goes before a tag of the same name; a commit that is mirrored already is told without asking anybody.
   * What was mirrored with one credential is told to nobody who names another, or none.
   * @throws RejectedError `ref-not-found`, `version-not-found`, `range-invalid`, `url-refused`, `address-refused`, `repository-too-large`, `credential-missing`, `credential-unfit`;
   * where signatures are required `signature-missing`, `signature-refused`; `key-unfit` for a key that can't be read; RetryableError `source-unreachable` (the mirror keeps
   * what it had), `program-missing`. No message holds credentials.
   */
  resolve(question: GitQuestion): Promise<Commit>;

  /**
   * Git's own ids of what lies at some paths of a commit (`.` is its root), in their order; null: nothing does. Equal ids are equal contents, all
   * the way down; what is inside a submodule has the id of the commit that the submodule is pinned to. One process of git, however many paths: at most 20,000.
   * @throws what export throws.
   */
  treeIds(
    source: GitRepository & { readonly sha: string },
    paths: readonly string[],
  ): Promise<readonly (string | null)[]>;

  /**
   * Whether a commit is in the history of another one, or is that one; one that nobody knows is in none. Shallow mirrors are deepened as far as it takes.
   * @throws what resolve throws.
   */
  isAncestor(source: GitRepository & { readonly sha: string }, ancestor: string): Promise<boolean>;

  /**
   * Writes the commit's files into an empty folder, which is made where it is missing: regular files and symlinks only, with the
   * executable bit dropped, no `.git`; submodules where the repository says so. Fetches what is not mirrored yet.
   * @param paths files and folders, as Git has them: nothing else is fetched and written, and what is not there is passed over; everything unless told. A symlink
   * that one of them leads through is written, and not what it leads to. At most 500; everything too where submodules are part of it.
   * @throws what resolve throws; RejectedError `symlink-escapes` (a symlink that leaves the tree), `tree-too-large` (files, bytes),
   * `tree-invalid` (names that no honest commit has), `submodule-refused`, `lfs-pointer` (a file that is kept in Git LFS). Whatever is refused leaves nothing written.
   */
  export(source: GitRepository & { readonly sha: string }, folder: string, paths?: readonly string[]): Promise<void>;
}
