/**
 * One attempt of somebody hostile, by name, and what stops it. The tables of docs/security.md are made of these, so a suite's
 * attempts are in a file of their own, which loads without starting anything.
 */
export interface Attempt<Scene> {
  /** What is tried, from the side of who tries it: `publishes a report as another cluster`. */
  readonly name: string;
  /** What stops it, a few words: `the credential's permissions`. */
  readonly stoppedBy: string;
  /** Tries it, and fails the test where it was let through. */
  readonly run: (scene: Scene) => Promise<void>;
}

/** The attempts of one suite, with the sentence that introduces them. */
export interface AttemptTable<Scene> {
  readonly title: string;
  /** Who tries, holding what, against what. */
  readonly who: string;
  /** The test that runs them, from the repository's root. */
  readonly test: string;
  readonly attempts: readonly Attempt<Scene>[];
}
