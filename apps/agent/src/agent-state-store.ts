import type { OwnSecrets } from './own-secrets.js';

const NAME = 'flotilla-agent-state';

/** What the agent itself remembers: how often it started, and the manifest that it accepted last. */
export interface StoredState {
  readonly boot: number;
  /** The envelope's bytes as they came; null: none was accepted. */
  readonly envelope: Uint8Array | null;
}

/** Counts this start, before anything is reported under its number. @throws RetryableError */
export async function beginBoot(secrets: OwnSecrets): Promise<StoredState> {
  const values = await secrets.read(NAME);
  if (values === null) {
    // Where another process was faster, its number is passed.
    if (await secrets.create(NAME, { boot: '1', manifest: '' })) return { boot: 1, envelope: null };
    return await beginBoot(secrets);
  }
  const boot = (Number(values['boot']) || 0) + 1;
  await secrets.patch(NAME, { boot: String(boot) });
  const manifest = values['manifest'] ?? '';
  return { boot, envelope: manifest === '' ? null : Buffer.from(manifest) };
}

/** @throws RetryableError */
export async function storeManifest(secrets: OwnSecrets, envelope: Uint8Array): Promise<void> {
  await secrets.patch(NAME, { manifest: Buffer.from(envelope).toString('utf8') });
}
