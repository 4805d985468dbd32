import { readFile } from 'node:fs/promises';
import { localAccessSchema } from '#contract';
import { sha256 } from '#domain';
import { writeFileAtomically } from '#kit';
import type { Clock, Store } from '#ports';
import { makeToken } from '../http/access/make-token.js';

/**
 * Keeps the file by which a CLI on this machine finds hub and token: made with the first admin's token at the first start,
 * its address brought up to date at each later one. Mode 0600. A file that is gone gets a new token, as whoever can write
 * the data folder could make one anyway.
 */
export async function firstAdmin(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly file: string;
  readonly url: string;
  readonly caPem: string | null;
}): Promise<void> {
  const { store, clock, file, url, caPem } = options;
  const known = await readAccess(file);
  const valid = known ? await store.read.tokens.byHash(sha256(known.token)) : null;
  let token = valid && valid.revokedAt === null ? known?.token : undefined;
  if (token === undefined) {
    token = await store.transact(async (unit) => {
      const now = clock.now();
      const names = new Set(
        (await unit.tokens.list()).filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name),
      );
      let name = 'first-admin';
      for (let number = 2; names.has(name); number += 1) name = `first-admin-${number}`;
      const { secret } = await makeToken(unit, { name, role: 'admin', createdBy: 'system', now, expiresAt: null });
      await unit.audit.append({
        at: now,
        actor: 'system',
        act: 'token.create',
        object: `Token/${name}`,
        detail: { role: 'admin' },
      });
      return secret;
    });
  }
  await writeFileAtomically(file, `${JSON.stringify({ url, ca: caPem ?? '', token }, null, 2)}\n`, { mode: 0o600 });
}

async function readAccess(file: string): Promise<{ token: string } | null> {
  try {
    return localAccessSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Missing, or only half written: it is made anew.
    return null;
  }
}
