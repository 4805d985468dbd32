import { RetryableError, messageOf, type Logger } from '#kit';
import { openProgram, type RenderLimits, type SandboxedProgram } from '../run-program.js';

/** Where Helm is; asked for when a chart is first rendered, because it may have to be built. */
export type FindHelm = () => Promise<{
  /** Absolute. */
  readonly path: string;
  /** `4.3.1`: one that was built by us tells its minor version alone. */
  readonly version: string;
}>;

export interface Helm {
  /** `v4.3.1` */
  readonly version: string;
  readonly program: SandboxedProgram;
}

/** @throws RetryableError `program-missing` */
export async function openHelm(find: FindHelm | undefined, limits: RenderLimits, log: Logger): Promise<Helm> {
  if (find === undefined) throw new RetryableError('program-missing', 'No helm was given to this renderer.');
  const { path, version } = await find().catch((error: unknown) => {
    throw new RetryableError('program-missing', messageOf(error, 600));
  });
  const program = await openProgram(
    {
      name: 'helm',
      file: path,
      versionArguments: ['version', '--short'],
      // Nothing of a user's: no plugins (which may add functions and hooks), no repositories, no registries' credentials.
      env: { HELM_NO_PLUGINS: '1', HELM_PLUGINS: '/nonexistent/plugins' },
    },
    limits,
    log,
  );
  const printed = /v?(\d+\.\d+(\.\d+)?)/.exec(program.printedVersion)?.[1] ?? 'unknown';
  return { version: `v${version === 'unknown' ? printed : version}`, program };
}
