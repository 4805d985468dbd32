import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { localAccessSchema, type LocalAccess } from '#contract';
import { RejectedError, startChild, type Logger } from '#kit';

export interface DemoHub {
  readonly access: LocalAccess;
  readonly pid: number;
  stop(): Promise<void>;
}

const READY = '{"ready":true';
const READY_WITHIN_MS = 180_000;

/**
 * Starts the hub as a process of its own, on free ports, and resolves when it answers.
 * @throws RejectedError with the hub's own words when it ends first.
 */
export async function runHub(options: {
  readonly root: string;
  readonly dataFolder: string;
  readonly pidFolder: string;
  readonly log: Logger;
}): Promise<DemoHub> {
  let ready = (): void => undefined;
  const isReady = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const child = await startChild({
    name: 'hub',
    command: process.execPath,
    args: [path.join(options.root, 'dist/apps/hub/src/main.js')],
    cwd: options.root,
    env: {
      ...inherited(),
      FLOTILLA_DATA: options.dataFolder,
      FLOTILLA_PORT: '0',
      // The sample repository is a folder of this machine.
      FLOTILLA_ALLOW_LOCAL_SOURCES: 'true',
      // A cluster that is cut off shows as offline within seconds: nobody plays for minutes.
      FLOTILLA_HEARTBEAT: '2s',
      FLOTILLA_LOG_LEVEL: process.env['FLOTILLA_LOG_LEVEL'] ?? 'warn',
    },
    pidFolder: options.pidFolder,
    killAfterMs: 4_000,
    onLine: (line) => {
      if (line.startsWith(READY)) ready();
      else process.stderr.write(`  hub: ${line}\n`);
    },
    onExit: () => {
      process.stderr.write('The hub ended by itself; the demo stops.\n');
      process.kill(process.pid, 'SIGTERM');
    },
    log: options.log,
  });
  const limit = AbortSignal.timeout(READY_WITHIN_MS);
  const outcome = await Promise.race([
    isReady.then(() => 'ready' as const),
    child.exited.then(() => 'ended' as const),
    new Promise<'late'>((resolve) => limit.addEventListener('abort', () => resolve('late'))),
  ]);
  if (outcome !== 'ready') {
    await child.stop();
    throw new RejectedError('hub-not-started', child.lastLines().at(-1) ?? 'The hub did not start.');
  }
  const access = localAccessSchema.parse(
    JSON.parse(await readFile(path.join(options.dataFolder, 'admin.json'), 'utf8')),
  );
  return { access, pid: child.pid, stop: () => child.stop() };
}

/** What a hub needs of our environment: where programs and caches are, and which programs were named. */
function inherited(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'XDG_CACHE_HOME',
    'TMPDIR',
    'GOPATH',
    'GOCACHE',
    'GOFLAGS',
    'GOPROXY',
    'FLOTILLA_NATS_SERVER',
    'FLOTILLA_KUSTOMIZE',
    'NO_COLOR',
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
