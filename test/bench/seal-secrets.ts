import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { carryFiles, type JsonObject } from '#domain';
import { armor, Encrypter } from 'age-encryption';
import { dump } from 'js-yaml';

/** Secrets as `sops encrypt --encrypted-regex ^stringData$` makes them, each of a file and with a data key of its own. */
export async function sealSecrets(count: number, recipient: string): Promise<readonly JsonObject[]> {
  const secrets = await Promise.all(Array.from({ length: count }, (_, at) => sealSecret(`sealed-${at}`, recipient)));
  return carryFiles(
    secrets.map(({ object }) => object),
    new Map(secrets.map(({ seal, file }) => [seal, file])),
  );
}

async function sealSecret(
  name: string,
  recipient: string,
): Promise<{ object: JsonObject; seal: string; file: string }> {
  const key = randomBytes(32);
  const texts = Array.from({ length: 8 }, (_, at) => `value ${at} of ${name}, which nobody may see: ${'x'.repeat(60)}`);
  const plain = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: 'Opaque' };
  const stringData = Object.fromEntries(
    texts.map((text, at) => [`key-${at}`, sealed(text, key, `stringData:key-${at}:`)]),
  );
  const lastmodified = new Date().toISOString().replace(/\.\d+/, '');
  const code = createHash('sha512');
  for (const text of ['v1', 'Secret', name, 'Opaque', ...texts]) code.update(text);
  const seal = sealed(code.digest('hex').toUpperCase(), key, lastmodified);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const enc = armor.encode(await encrypter.encrypt(key));
  const sops = {
    ...{ age: [{ recipient, enc }], lastmodified, mac: seal },
    ...{ encrypted_regex: '^stringData$', version: '3.11.0' },
  };
  const object: JsonObject = { ...plain, stringData, sops };
  return { object, seal, file: dump(object, { lineWidth: -1 }) };
}

function sealed(text: string, key: Buffer, place: string): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const [shown, nonce, tag] = [data, iv, cipher.getAuthTag()].map((each) => each.toString('base64'));
  return `ENC[AES256_GCM,data:${shown},iv:${nonce},tag:${tag},type:str]`;
}
