import path from 'node:path';
import { RejectedError } from '#kit';

export interface DemoOptions {
  /** End after the first rollout. */
  readonly once: boolean;
  /** Three real Kubernetes control planes in place of twelve simulated clusters. */
  readonly kubernetes: boolean;
  /** Begin anew, whatever the data folder holds. */
  readonly fresh: boolean;
  readonly help: boolean;
  readonly dataFolder: string;
}

export const DEMO_HELP = `The demo: a hub, 12 simulated clusters with real agents, and a Git repository to play with.

Usage: npm run demo [-- OPTIONS]

  --once    end after the first rollout, with one JSON object as the last line; exits 0 only if all clusters are healthy
  --fresh   begin anew: throws away the demo's data folder first
  --kubernetes
            three real Kubernetes control planes in place of the simulated clusters, with the agent as it is installed;
            built from source once where they are missing (Go >= 1.26, about five minutes), without containers
  --help    this text

The data folder is .flotilla/demo, with --kubernetes .flotilla/demo-kubernetes; or FLOTILLA_DEMO_DATA.
`;

/** @throws RejectedError that names what is not known. */
export function parseDemoOptions(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): DemoOptions {
  const known = new Set(['--once', '--kubernetes', '--fresh', '--help', '-h']);
  const unknown = args.find((arg) => !known.has(arg));
  if (unknown !== undefined) throw new RejectedError('bad-argument', `Unknown argument ${unknown}.\n\n${DEMO_HELP}`);
  const kubernetes = args.includes('--kubernetes');
  return {
    once: args.includes('--once'),
    kubernetes,
    fresh: args.includes('--fresh'),
    help: args.includes('--help') || args.includes('-h'),
    dataFolder: path.resolve(
      cwd,
      env['FLOTILLA_DEMO_DATA'] || (kubernetes ? '.flotilla/demo-kubernetes' : '.flotilla/demo'),
    ),
  };
}
