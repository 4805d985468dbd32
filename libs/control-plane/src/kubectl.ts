import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';

export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code; 1 too when kubectl was stopped for taking longer than its time. */
  readonly code: number;
}

/** Runs kubectl against one cluster as its administrator. Settles with whatever exit code; `input` is its standard input; 60 s unless told. */
export type Kubectl = (
  args: readonly string[],
  options?: { readonly input?: string; readonly timeoutMs?: number },
) => Promise<KubectlResult>;

export function kubectlFor(kubectlPath: string, kubeconfigPath: string): Kubectl {
  const folder = dirname(kubeconfigPath);
  // Neither the user's kubeconfig nor their cache of some other cluster's discovery has a part in this.
  const fixed = [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${join(folder, 'kubectl-cache')}`];
  return (args, { input, timeoutMs = 60_000 } = {}) =>
    new Promise((resolve) => {
      const child = execFile(
        kubectlPath,
        [...fixed, ...args],
        { env: { ...process.env, HOME: folder }, maxBuffer: 256 * 1024 * 1024, timeout: timeoutMs },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
          const killed = error?.killed === true ? `kubectl took longer than ${timeoutMs} ms\n` : '';
          resolve({ stdout, stderr: `${stderr}${killed}`, code });
        },
      );
      // A kubectl that refuses its arguments ends before it has read them all.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
}
