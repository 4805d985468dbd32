import type { ProgramPaths } from '#control-plane';

/**
 * Builds what of the Kubernetes programs is missing, and says so first: it is the one thing of a demo that takes minutes.
 * @throws RejectedError `go-missing`, one sentence.
 */
export async function buildPrograms(): Promise<ProgramPaths> {
  const { buildControlPlane } = await import('#control-plane');
  let isTold = false;
  return await buildControlPlane((line) => {
    if (!isTold) process.stderr.write('· Building Kubernetes from source, once; about five minutes on two cores …\n');
    isTold = true;
    process.stderr.write(`  ${line}\n`);
  });
}
