import { RejectedError } from '#kit';
import type { PinnedSource } from './declared-sources.js';
import { lackingOf } from './exported-paths.js';
import type { Exported, OpenExports } from './exports.js';

/** How often more of a commit is written before it is written whole: bases that name bases. */
const MAX_ROUNDS = 6;

/** What was made of a folder, and what of it that depends on: as long as all of these are as they are, it is the same. */
export interface Made<T> {
  readonly made: T;
  readonly reads: readonly string[];
}

/**
 * Makes something of a pinned source from as little of it as that takes. What was made of some paths counts only where all that it depends on is at these paths:
 * then the whole commit would make the same. What is lacking is written too, and it is made anew. Whatever fails otherwise is made of the whole
 * commit, and that says why: nobody is told of an error that is but of what was left out.
 * @param first what it probably reads
 * @throws what `make` and OpenExports throw.
 */
export async function readLeast<T>(
  open: Pick<OpenExports, 'folder' | 'part'>,
  pin: PinnedSource,
  first: readonly string[],
  make: (folder: string) => Promise<Made<T>>,
): Promise<T> {
  let wanted = first;
  let failure: RejectedError | null = null;
  for (let round = 0; round < MAX_ROUNDS && failure === null; round += 1) {
    const exported = await open.part(pin, wanted);
    const tried = await tryWith(exported, make);
    if (tried.lacking.length === 0) {
      if ('made' in tried) return tried.made;
      failure = tried.failure;
    }
    wanted = [...wanted, ...tried.lacking];
  }
  const folder = await open.folder(pin).catch((refused: unknown) => {
    // Who is told that it is too large would not learn what to mend.
    const isLarge = refused instanceof RejectedError && refused.code === 'tree-too-large';
    throw (isLarge && failure) || refused;
  });
  return (await make(folder)).made;
}

type Tried<T> = { readonly lacking: readonly string[] } & ({ readonly made: T } | { readonly failure: RejectedError });

async function tryWith<T>({ folder, paths }: Exported, make: (folder: string) => Promise<Made<T>>): Promise<Tried<T>> {
  try {
    const { made, reads } = await make(folder);
    return { made, lacking: lackingOf(paths, reads) };
  } catch (failure) {
    // Time is of no commit.
    if (paths === null || !(failure instanceof RejectedError) || failure.code === 'timed-out') throw failure;
    const { missingPath: missing } = failure.details ?? {};
    return { failure, lacking: typeof missing === 'string' ? lackingOf(paths, [missing]) : [] };
  }
}
