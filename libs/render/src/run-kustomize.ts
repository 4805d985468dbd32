import { RejectedError, type Logger } from '#kit';
import { openProgram, ProgramFailed, toOneLine, type RenderLimits } from './run-program.js';

export interface Kustomize {
  /** `v5.8.1` */
  readonly version: string;
  /** Whether it runs without a network. */
  readonly isolated: boolean;
  /**
   * Renders a folder that the fence has let pass; answers the YAML.
   * @param names what messages call other folders that it reads
   */
  build(root: string, overlay: string, names?: Readonly<Record<string, string>>): Promise<Buffer>;
}

/** Finds out once what the program is. */
export async function openKustomize(file: string, limits: RenderLimits, log: Logger): Promise<Kustomize> {
  const program = await openProgram({ name: 'kustomize', file, versionArguments: ['version'] }, limits, log);
  return {
    version: /v?\d+\.\d+\.\d+\S*/.exec(program.printedVersion)?.[0] ?? 'unknown',
    isolated: program.isolated,
    async build(root, overlay, names = {}) {
      try {
        return (await program.run(overlay, ['build', '--', overlay], root)).stdout;
      } catch (error) {
        if (!(error instanceof ProgramFailed)) throw error;
        throw new RejectedError(
          'kustomize-failed',
          `${overlay}: ${says(error, { ...names, [root]: 'the repository' }, limits)}.`,
        );
      }
    },
  };
}

/** kustomize's own words on one line, without the scratch folder and the prefixes that say nothing. */
function says(
  { stderr, outOfMemory }: ProgramFailed,
  names: Readonly<Record<string, string>>,
  limits: RenderLimits,
): string {
  if (outOfMemory) return `kustomize needs more than ${Math.round(limits.maxMemoryBytes / 1024 ** 2)} MiB of memory`;
  const text = withoutContents(stderr)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^# Warning/.test(line))
    .join(' ')
    .replace(/^Error: /, '');
  return toOneLine(text, names) || 'kustomize ended without a word';
}

/** kustomize prints parts of what it could not take, and these may be of a Secret. Whoever sees an application need not see those. */
function withoutContents(stderr: string): string {
  return (
    stderr
      .replace(/(with config: )`[\s\S]*?`(?=:|\s*$)/g, '$1(hidden)')
      .replace(/(node contents:)[\s\S]*$/i, '$1 (hidden)')
      .replace(/\bline \[[\d ]*\] has invalid utf8 bytes[\s\S]*$/i, 'a line has invalid UTF-8 bytes')
      .replace(/(out of bounds for value )[\s\S]*$/, '$1(hidden)')
      // An object as Go prints it; what is wrong with it comes after.
      .replace(/\bmap\[[\s\S]*$/, (object) => `(hidden)${/\}(: [^{}"]*)$/.exec(object.trimEnd())?.[1] ?? ''}`)
      .replace(/(patch from )\[[\s\S]*\]/g, '$1(hidden)')
      .replace(/(literal sources? )(\[[\s\S]*?\](?=:)|.*?(?=, expected))/g, '$1(hidden)')
  );
}
