import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildIntoCache, toolCacheFolder } from '#kit';

const folder = path.join(import.meta.dirname, 'registry');
/** As the version of its module: what it is built of is pinned by go.sum. */
const VERSION = '3.1.2';
const LIMIT_MS = 900_000;

/** A real registry, built into the tool cache once: 51 s on two cores where Go's own caches are empty. */
export async function buildRegistry(): Promise<string> {
  const goMod = await readFile(path.join(folder, 'go.mod'), 'utf8');
  if (!goMod.includes(`distribution/v3 v${VERSION}`))
    throw new Error('go.mod requires another version of the registry');
  const { folder: built } = await buildIntoCache({
    key: `registry-${VERSION}`,
    cacheFolder: toolCacheFolder(),
    log: { info: (line) => process.stderr.write(`${line}\n`) },
    limitMs: LIMIT_MS,
    isWhole: (where) =>
      access(path.join(where, 'registry'), constants.X_OK).then(
        () => true,
        () => false,
      ),
    async build(where) {
      process.stderr.write(`Building registry ${VERSION}, once; this takes about 50 s on two cores …\n`);
      const flags = ['-trimpath', '-mod=readonly', '-buildvcs=false', '-ldflags', '-s -w'];
      await promisify(execFile)('go', ['build', ...flags, '-o', path.join(where, 'registry'), '.'], {
        cwd: folder,
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: 'local' },
        timeout: LIMIT_MS,
      });
    },
  });
  return path.join(built, 'registry');
}
