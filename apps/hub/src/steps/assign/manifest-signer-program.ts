import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import type { Ask } from '#contract';
import type { Manifest, SignedManifest } from '#domain';
import { messageOf, RejectedError, RetryableError, type Logger } from '#kit';
import { missingKey } from './manifest-signer-file.js';
import { isSignedBy, MAX_SIGNER_KEYS, type ManifestSigner, type SignerKey } from './manifest-signer.js';
import { SignerProgram } from './signer-program.js';

const keyId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const keysSchema = z.object({
  keys: z
    .record(keyId, z.string().max(1024))
    .refine((keys) => Object.keys(keys).length > 0 && Object.keys(keys).length <= MAX_SIGNER_KEYS),
});
const signatureSchema = z.object({ keyId, signature: z.string().max(128) });

/**
 * A program that holds the keys and signs: FLOTILLA_MANIFEST_SIGNER. It gets lines of JSON, {"id","keys":true} and
 * {"id","payload","keyId"} (the payload in base64), and answers each with a line of the same id: {"id","keys":{id:pem}} and
 * {"id","keyId","signature"}, or {"id","error"}. It is kept running, started again when it ends, and ends when its input does.
 * @throws RejectedError `config-invalid` when it can't be started or has no keys
 */
export async function openProgramSigner(
  command: string,
  log: Pick<Logger, 'warn' | 'info'>,
  timeoutMs = 10_000,
): Promise<ManifestSigner> {
  const program = new SignerProgram(command, { log, timeoutMs });
  try {
    return new ProgramSigner(program, await readKeys(program));
  } catch (error) {
    await program.close();
    throw new RejectedError(
      'config-invalid',
      `FLOTILLA_MANIFEST_SIGNER: ${command.split(' ')[0] ?? ''} does not tell its keys: ${messageOf(error, 300)}`,
    );
  }
}

class ProgramSigner implements ManifestSigner {
  readonly kept = 'outside';
  readonly rotation = null;
  private wrong: string | null = null;

  constructor(
    private readonly program: SignerProgram,
    private known: readonly SignerKey[],
  ) {}

  keys(): readonly SignerKey[] {
    return this.known;
  }

  async sign(document: Manifest | Ask, id: string): Promise<SignedManifest> {
    const key = this.known.find((each) => each.id === id);
    if (key === undefined) throw missingKey(id, 'the program that signs');
    const payload = JSON.stringify(document);
    try {
      const answer = await this.program.ask({ payload: Buffer.from(payload).toString('base64'), keyId: id });
      const { data } = signatureSchema.safeParse(answer);
      // What agents would refuse is never published: what stands on the bus goes on.
      if (data?.keyId !== id || !isSignedBy(key, payload, data.signature)) {
        throw new RetryableError('signer-unavailable', `The program that signs gave no signature of the key ${id}`);
      }
      this.wrong = null;
      return { payload, keyId: id, signature: data.signature };
    } catch (error) {
      this.wrong = messageOf(error, 300);
      throw error;
    }
  }

  async refresh(): Promise<void> {
    try {
      this.known = await readKeys(this.program);
      this.wrong = null;
    } catch (error) {
      this.wrong = messageOf(error, 300);
    }
  }

  problem(): string | null {
    return this.wrong;
  }

  close(): Promise<void> {
    return this.program.close();
  }
}

async function readKeys(program: SignerProgram): Promise<readonly SignerKey[]> {
  const answer = keysSchema.safeParse(await program.ask({ keys: true }));
  if (!answer.success) {
    throw new RetryableError('signer-unavailable', `The program that signs did not tell 1 to ${MAX_SIGNER_KEYS} keys`);
  }
  return Object.entries(answer.data.keys).map(([id, pem]) => {
    try {
      const key = createPublicKey(pem);
      if (key.asymmetricKeyType === 'ed25519')
        return { id, pem: key.export({ type: 'spki', format: 'pem' }).toString() };
    } catch {
      // Told below.
    }
    throw new RetryableError('signer-unavailable', `The key ${id} of the program that signs is no ed25519 key in PEM`);
  });
}
