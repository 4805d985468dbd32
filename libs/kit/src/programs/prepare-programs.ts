import { RejectedError } from '../errors.js';
import { findProgram } from './find-program.js';
import { knownPrograms } from './known-programs.js';

/** Finds or builds each named program, so that nothing has to wait for it later. `tell` gets a line for a person. */
export async function preparePrograms(names: readonly string[], tell: (line: string) => void): Promise<void> {
  for (const name of names) {
    const program = knownPrograms.find((each) => each.name === name);
    if (program === undefined) {
      const known = knownPrograms.map((each) => each.name).join(', ');
      throw new RejectedError('program-unknown', `There is no program ${name} to prepare; there are ${known}.`);
    }
    // One after another: each build uses all cores by itself.
    await findProgram(program, { log: { info: tell } });
  }
}
