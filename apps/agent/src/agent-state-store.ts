import type { OwnSecrets } from './own-secrets.js';

const NAME = 'flotilla-agent-state';

/** What the agent itself remembers: how often it started, and the manifest that it accepted last. */
export interface StoredState {
  readonly boot: number;
  /** The envelope's bytes as they came; null: none was accepted. */
  readonly envelope: Uint8Array | null;
}

/**
 * Counts this start, before anything is reported under its number. `past`: how many the hub knows of, of an agent whose count may
 * be lost: what this one says must be newer than all that was said before.
 * @throws RetryableError
 */
export async function beginBoot(secrets: OwnSecrets, past: number): Promise<StoredState> {
  const values = await secrets.read(NAME);
  if (values === null) {
    // Where another process was faster, its number is passed.
    // One more, for a start of which no report came through.
    const first = past === 0 ? 1 : past + 2;
    if (await secrets.create(NAME, { boot: String(first), manifest: '' })) return { boot: first, envelope: null };
    return await beginBoot(secrets, past);
  }
  const boot = Math.max(Number(values['boot']) || 0, past) + 1;
  await secrets.patch(NAME, { boot: String(boot) });
  const manifest = values['manifest'] ?? '';
  return { boot, envelope: manifest === '' ? null : Buffer.from(manifest) };
}

/** @throws RetryableError */
export async function storeManifest(secrets: OwnSecrets, envelope: Uint8Array): Promise<void> {
  await secrets.patch(NAME, { manifest: Buffer.from(envelope).toString('utf8') });
}
