import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { carryFiles, type JsonObject, sealOf } from '#domain';
import { openFakeCluster } from '#kube/fake';
import { dump, load, loadAll } from 'js-yaml';
import { parse } from 'yaml';
import { type Unsealed, unsealObjects } from './unseal-objects.js';

const folder = path.join(import.meta.dirname, 'fixtures');
const bytes = (name: string): Buffer => readFileSync(path.join(folder, name));
const text = (name: string): string => bytes(name).toString('utf8');
/** As the hub carries it: with its file, as that stands in Git. */
const carried = (object: JsonObject, file: string): JsonObject =>
  carryFiles([object], new Map([[sealOf(object) ?? '', file]]))[0] ?? {};
const object = (name: string): JsonObject => carried(load(text(name)) as JsonObject, text(name));
const plainObject = (name: string): JsonObject => load(text(name)) as JsonObject;
const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64');
const secretOf = (data: Readonly<Record<string, string>>): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'files' },
  data,
});
/** As Kustomize makes it of the lines of a file: sorted, and without comments. */
const envSecret = (name: string, file = text(name)): JsonObject => carried(linesOf(file), file);
const linesOf = (file: string): JsonObject =>
  secretOf(
    Object.fromEntries(
      file
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.indexOf('=')), base64(line.slice(line.indexOf('=') + 1))] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ),
  );

interface Keys {
  readonly secret?: string;
  readonly entries: Readonly<Record<string, string>>;
}
const KEYS: Keys = { entries: { 'keys.txt': text('keys.txt') } };

async function unseal(objects: readonly JsonObject[], keys: Keys | null = KEYS, named?: string): Promise<Unsealed> {
  const { cluster, kube } = openFakeCluster({});
  try {
    const namespace = 'flotilla-system';
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body });
    if (keys !== null) {
      const { secret = 'flotilla-sops-age', entries } = keys;
      const held = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret }, stringData: entries };
      await kube.request({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body: held });
    }
    const assignment = { namespace: 'shop', ...(named !== undefined && { decryption: { secret: named } }) };
    return await unsealObjects(objects, { kube, namespace, assignment });
  } finally {
    kube.close();
    cluster.close();
  }
}

async function opened(sealed: JsonObject, keys?: Keys): Promise<JsonObject> {
  const { objects, errors } = await unseal([sealed], keys);
  expect(errors).toEqual([]);
  return objects[0] ?? {};
}

/** What is told of an object that can't be decrypted, which holds nothing that is secret. */
async function refusal(sealed: JsonObject, keys: Keys | null = KEYS, named?: string): Promise<string> {
  const { objects, errors } = await unseal([sealed], keys, named);
  expect(objects).toEqual([]);
  expect(errors).toHaveLength(1);
  const [error] = errors;
  expect(error?.transient).toBe(false);
  expect(error?.message).not.toMatch(/AGE-SECRET-KEY|s3cret|th3|ENC\[/);
  return `${error?.reason}: ${error?.message}`;
}

const file = async (name: string, key: string): Promise<Buffer> => {
  const { data } = await opened(secretOf({ [key]: base64(bytes(name)), plain: base64('as it is') }));
  expect((data as JsonObject)['plain']).toBe(base64('as it is'));
  return Buffer.from((data as Record<string, string>)[key] ?? '', 'base64');
};

describe('what SOPS encrypted', () => {
  it('is decrypted where it is an object, as sops does it, and bears no sops any more', async () => {
    for (const name of ['secret.enc.yaml', 'secret-mac-only.enc.yaml', 'secret-both.enc.yaml']) {
      expect(await opened(object(name))).toEqual({
        ...plainObject('plain/secret.yaml'),
        stringData: { user: 'shop-reader-v3ry-s3cret', port: '5432', empty: '' },
      });
    }
    const map = plainObject('plain/config-map.yaml');
    // No Secret: it is marked, so that its values are told to nobody.
    const annotations = { 'flotilla.dev/encrypted': 'sops' };
    expect(await opened(object('config-map.enc.yaml'))).toEqual({ ...map, metadata: { name: 'partly', annotations } });
  });

  it('is decrypted where a Secret holds the file: YAML with its comments and order, JSON, lines, INI and anything else', async () => {
    const yaml = (await file('settings.enc.yaml', 'settings.yaml')).toString();
    expect(parse(yaml)).toEqual(parse(text('plain/settings.yaml')));
    expect(yaml).toContain('# Whoever reads this has the key.');
    expect(yaml).toContain('# the replica');
    expect(yaml.indexOf('8080')).toBeLessThan(yaml.indexOf('7070'));
    expect(yaml).toContain('port: 5432');
    expect(yaml).not.toContain('sops');
    for (const name of ['app.env', 'app.ini', 'settings.json']) {
      const [stem, ending] = name.split('.');
      const found = (await file(`${stem}.enc.${ending}`, name)).toString();
      expect(found.trim()).toBe(text(`decrypted/${name}`).trim());
    }
    expect(await file('blob.enc.bin', 'blob.bin')).toEqual(bytes('plain/blob.bin'));
  });

  it('is decrypted where a Secret was made of the lines of a file', async () => {
    const { data } = await opened(envSecret('app.enc.env'));
    const plain = Object.entries(data as Record<string, string>).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]);
    expect(Object.fromEntries(plain)).toEqual({
      DB_PASSWORD: 'pa=ss w0rd#of;env',
      EMPTY: '',
      MULTI: 'first\\nsecond',
      MODE_unencrypted: 'prod',
      PORT: '5432',
    });
  });

  it('is decrypted whatever Kustomize did to it on the way, and however many values it has', async () => {
    const sealed = object('secret.enc.yaml') as unknown as Record<string, JsonObject>;
    const { metadata, stringData = {}, ...others } = sealed;
    const { port: _, ...kept } = stringData;
    const built = {
      ...others,
      stringData: kept,
      metadata: { ...metadata, namespace: 'shop', labels: { app: 'shop' } },
    };
    expect(await opened(built as JsonObject)).toMatchObject({
      metadata: { labels: { app: 'shop' } },
      stringData: { user: 'shop-reader-v3ry-s3cret' },
    });
    const { data } = await opened(envSecret('many.enc.env'));
    const lines = Object.entries(data as Record<string, string>).map(
      ([key, value]) => `${key}=${Buffer.from(value, 'base64').toString()}`,
    );
    const plain = text('plain/many.env').trim().split('\n').slice(1);
    expect(lines.sort()).toEqual(plain.sort());
  });

  it('is decrypted where several objects are in a file, and where plain values are written in odd ways', async () => {
    const [first, second] = loadAll(text('two.enc.yaml')) as JsonObject[];
    const both = carryFiles([first ?? {}, second ?? {}], new Map([[sealOf(first ?? {}) ?? '', text('two.enc.yaml')]]));
    const { objects, errors } = await unseal(both);
    expect(errors).toEqual([]);
    expect(objects.map((each) => (each['stringData'] as JsonObject)['password'])).toEqual([
      'first-of-th3-two',
      'second-of-th3-two',
    ]);
    const odd = await opened(object('odd.enc.yaml'));
    expect(odd).toMatchObject({ data: { password: 'hunter3-odd', num: 12 }, spec: { octal: 511, yes: 'yes' } });
  });

  it('is decrypted in stringData, and where base64 has several lines', async () => {
    const { stringData } = await opened({ ...secretOf({}), stringData: { 'a.env': text('app.enc.env') } });
    expect((stringData as JsonObject)['a.env']).toContain('DB_PASSWORD=pa=ss w0rd#of;env\n');
    const wrapped = base64(bytes('app.enc.env')).replace(/.{70}/g, '$&\n');
    const { data } = await opened(secretOf({ 'a.env': wrapped }));
    expect(Buffer.from((data as Record<string, string>)['a.env'] ?? '', 'base64').toString()).toContain('PORT=5432');
  });

  it('is decrypted with whatever key of the Secret fits, a rotated one beside the old', async () => {
    const both = { entries: { 'keys.txt': text('keys.txt'), 'next.agekey': text('rotated.agekey') } };
    const rotated = object('secret-rotated.enc.yaml');
    expect(await opened(rotated, both)).toMatchObject({ stringData: { user: 'shop-reader-v3ry-s3cret' } });
    expect(await refusal(rotated)).toContain('KeyMissing: it is encrypted for age1zn7ex23');
  });

  it('names what it is encrypted for and where the key should be, when there is none', async () => {
    const sealed = object('secret.enc.yaml');
    expect(await refusal(sealed, null)).toMatch(
      /^KeyMissing: it is encrypted for age1pept0\S+, and the Secret flotilla-system\/flotilla-sops-age is not there: put the key there/,
    );
    expect(await refusal(sealed, { entries: { other: text('keys.txt') } })).toContain(
      'has no age key in an entry keys.txt or *.agekey',
    );
    expect(await refusal(sealed, { entries: { 'keys.txt': text('rotated.agekey') } })).toContain(
      'has a key for age1zn7ex23',
    );
    expect(await refusal(sealed, KEYS, 'keys-of-the-shop')).toContain('the Secret flotilla-system/keys-of-the-shop is');
    const mine = await unseal([sealed], { ...KEYS, secret: 'keys-of-the-shop' }, 'keys-of-the-shop');
    expect(mine.errors).toEqual([]);
  });

  it('lets the other objects be, and asks nobody where nothing is encrypted', async () => {
    const plain = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { note: 'ENC[ is a word' } };
    const { objects, errors, hidden } = await unseal([plain, object('secret.enc.yaml')], null);
    expect(objects).toEqual([plain]);
    expect(errors).toMatchObject([{ ref: { kind: 'Secret', namespace: 'shop', name: 'db' }, reason: 'KeyMissing' }]);
    expect(hidden).toEqual([]);
    const closed = { request: () => Promise.reject(new Error('asked')) } as unknown as Parameters<
      typeof unsealObjects
    >[1]['kube'];
    const none = await unsealObjects([plain], { kube: closed, namespace: 'x', assignment: { namespace: 'y' } });
    expect(none.objects).toEqual([plain]);
  });

  it('tells what it was, for fingerprints, and what is to be hidden', async () => {
    const sealed = object('secret.enc.yaml');
    const { objects, origin, hidden } = await unseal([sealed]);
    expect(origin(objects[0] ?? {})).toBe(sealed);
    expect(JSON.stringify(hidden)).toContain('shop-reader-v3ry-s3cret');
  });
});

type Change = (object: Record<string, Record<string, unknown>>) => void;
const changedOf = (object: JsonObject, change: Change): JsonObject => {
  const sealed = JSON.parse(JSON.stringify(object)) as Record<string, Record<string, unknown>>;
  change(sealed);
  return sealed as unknown as JsonObject;
};
/** In Git: the file is as its object. */
const changed = (name: string, change: Change): JsonObject => {
  const sealed = changedOf(plainObject(name), change);
  return carried(sealed, dump(sealed, { lineWidth: -1 }));
};
/** On its way: the file is as it was. */
const patched = (name: string, change: Change): JsonObject => {
  const [first] = loadAll(text(name)) as JsonObject[];
  return changedOf(carried(first ?? {}, text(name)), change);
};
const patchedLines = (name: string, change: (data: Record<string, string>) => void): JsonObject =>
  changedOf(envSecret(name), ({ data = {} }) => change(data as Record<string, string>));
const of = (object: JsonObject | undefined): Record<string, string> => object?.['stringData'] as Record<string, string>;
const replaced = (name: string, from: RegExp, to: string): JsonObject => {
  const before = text(name);
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  return secretOf({ [name.replace('.enc', '')]: base64(after) });
};
const lineOf = (name: string, key: string): string =>
  text(name)
    .split('\n')
    .find((line) => line.startsWith(key)) ?? '';

describe('what was changed after it was encrypted', () => {
  it.each<[string, () => JsonObject, RegExp]>([
    [
      'a value that was put in the place of another',
      () =>
        changed('secret.enc.yaml', (sealed) => {
          const { stringData = {}, data = {} } = sealed;
          stringData['user'] = data['token'];
        }),
      /stringData\.user can't be decrypted: it was changed or moved/,
    ],
    [
      'a plain value among encrypted ones',
      () => changed('secret.enc.yaml', ({ stringData = {} }) => (stringData['user'] = 'typed')),
      /stringData\.user is not encrypted, though its SOPS metadata says that it is/,
    ],
    [
      'a plain number among encrypted values',
      () => changed('secret.enc.yaml', ({ stringData = {} }) => (stringData['port'] = 1)),
      /stringData\.port is not encrypted/,
    ],
    [
      'a value that was taken out',
      () => changed('secret.enc.yaml', ({ stringData = {} }) => delete stringData['user']),
      /its values are not those that were encrypted together/,
    ],
    [
      'a plain value of an object',
      () => changed('config-map.enc.yaml', ({ data = {} }) => (data['colour'] = 'red')),
      /its values are not those that were encrypted together/,
    ],
    [
      'a rule that leaves out what was encrypted',
      () =>
        changed('secret.enc.yaml', ({ sops = {}, data = {} }) => {
          sops['encrypted_regex'] = '^stringData$';
          data['token'] = base64('typed');
        }),
      /its values are not those that were encrypted together/,
    ],
    [
      'a rule that is another on the way',
      () =>
        patched('secret.enc.yaml', ({ sops = {}, data = {} }) => {
          sops['encrypted_regex'] = '^stringData$';
          data['token'] = base64('typed');
        }),
      /data\.token is not encrypted/,
    ],
    [
      'an old value that is put in the place of the new one on the way',
      () =>
        patched('two.enc.yaml', ({ stringData = {} }) => {
          stringData['password'] = of((loadAll(text('two.enc.yaml')) as JsonObject[])[1])['password'];
        }),
      /its encrypted values are not those of one document of its file/,
    ],
    [
      'an object without its file',
      () => plainObject('secret.enc.yaml'),
      /its file did not come with it: have Kustomize read it/,
    ],
    ['lines without their file', () => linesOf(text('app.enc.env')), /its file did not come with it/],
    [
      'an object with the file of another',
      () => carried(plainObject('secret.enc.yaml'), text('config-map.enc.yaml')),
      /the file that came with it is of other values/,
    ],
    [
      'an object with its whole name encrypted',
      () => object('secret-whole.enc.yaml'),
      /apiVersion is encrypted: what an object is called must be there to be read/,
    ],
    [
      'a value in stringData in the place of an encrypted one of data',
      () => patched('secret.enc.yaml', ({ stringData = {} }) => (stringData['token'] = stringData['user'])),
      /token|can't be decrypted/,
    ],
    [
      'a plain value beside lines that would win',
      () => ({ ...envSecret('app.enc.env'), stringData: { PORT: '1' } }),
      /PORT is in its data and in its stringData|stringData\.PORT is not of its file/,
    ],
    [
      'a file for PGP and a cloud alone',
      () =>
        changed('secret.enc.yaml', ({ sops = {} }) => {
          delete sops['age'];
          sops['pgp'] = [{ fp: 'ABCD', enc: 'x', created_at: 'y' }];
          sops['kms'] = [{ arn: 'arn:aws:kms:eu-1:1:key/1', enc: 'x' }];
        }),
      /for no age key, but with PGP and AWS KMS, which no agent asks: add the recipient .*sops rotate --in-place --add-age/,
    ],
    [
      'a key that is there twice',
      () => secretOf({ 'a.yaml': base64(`a: 1\na: ENC[AES256_GCM,\nsops:\n`) }),
      /a key of it is there twice/,
    ],
    [
      'more keys than anybody reads',
      () => {
        const keys = Array.from({ length: 100_000 }, (_, at) => `k${at}: 1`);
        return secretOf({ 'a.yaml': base64(`${keys.join('\n')}\nx: ENC[AES256_GCM,\nsops:\n`) });
      },
      /its file a\.yaml: it has more than 10000 lines and values/,
    ],
    [
      'hundreds of thousands of recipients',
      () =>
        patched('secret.enc.yaml', ({ sops = {} }) => {
          sops['age'] = Array.from({ length: 200_000 }, () => ({ recipient: 'age1', enc: '' }));
        }),
      /its sops\.age has more than 50 entries: encrypt it for fewer/,
    ],
    [
      'hundreds of thousands of recipients of a file',
      () => replaced('settings.enc.yaml', /^ {4}age:$/m, `    age:\n${'        - recipient: age1\n'.repeat(200_000)}`),
      /its file settings\.yaml: it has more than 10000 lines and values/,
    ],
    [
      'a value that was taken out, where the code is over encrypted values alone',
      () => changed('secret-mac-only.enc.yaml', ({ stringData = {} }) => delete stringData['user']),
      /its values are not those that were encrypted together/,
    ],
    [
      'a shorter code of a value',
      () =>
        changed('secret.enc.yaml', ({ stringData = {} }) => {
          stringData['user'] = String(stringData['user']).replace(/tag:[^,]+/, 'tag:AAAA');
        }),
      /can't be decrypted/,
    ],
    [
      'a broken data key',
      () =>
        changed('secret.enc.yaml', ({ sops = {} }) => {
          const [age] = sops['age'] as { enc: string }[];
          if (age)
            age.enc = age.enc
              .replace(/\n.{64}\n-----END/, `\n${'A'.repeat(64)}\n-----END`)
              .replace('ZW5j', 'AAAA')
              .slice(0, 300);
        }),
      /its data key can't be read with the key of age1pept0/,
    ],
    ['metadata of another shape', () => changed('secret.enc.yaml', ({ sops = {} }) => (sops['mac'] = 5)), /sops\.mac/],
    [
      'a file that is nested without end',
      () => secretOf({ 'a.yaml': base64(`a: ENC[AES256_GCM,\nb: ${'['.repeat(9_000)}\nsops:\n`) }),
      /its file a\.yaml: it is no YAML|nested too deep/,
    ],
    [
      'a file of aliases that grow',
      () => {
        const grow = Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [${`*a${at}, `.repeat(9)}]`);
        return secretOf({ 'a.yaml': base64(`x: ENC[AES256_GCM,\na0: &a0 x\n${grow.join('\n')}\nsops: *a30\n`) });
      },
      /SOPS metadata can't be read|alias/,
    ],
    ['no recipient', () => changed('secret.enc.yaml', ({ sops = {} }) => delete sops['age']), /for no age key/],
    [
      'groups of keys',
      () => changed('secret.enc.yaml', ({ sops = {} }) => (sops['key_groups'] = [{ age: [] }])),
      /split among sops\.key_groups/,
    ],
    [
      'an expression that would take for ever',
      () => changed('secret.enc.yaml', ({ sops = {} }) => (sops['encrypted_regex'] = '^(a+)+$')),
      /sops\.encrypted_regex is none that is evaluated here/,
    ],
    [
      'a file without its metadata',
      () => secretOf({ password: base64('ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]') }),
      /password is encrypted by SOPS, and the object lacks the metadata/,
    ],
    [
      'a line that was added to a file',
      () => replaced('app.enc.env', /^PORT/m, 'MORE_unencrypted=1\nPORT'),
      /app\.env/,
    ],
    ['a plain line in a file', () => replaced('app.enc.env', /^PORT=.*$/m, 'PORT=1'), /PORT is not encrypted/],
    [
      'two lines of a file in another order',
      () => replaced('app.enc.env', /^(DB_PASSWORD=.*)\n(EMPTY=.*)\n(MULTI=.*)$/m, '$3\n$2\n$1'),
      /its file app\.env: its values are not those that were encrypted together/,
    ],
    ['a plain value of a JSON', () => replaced('settings.enc.json', /"z"/, '"y"'), /encrypted together/],
    ['a plain value of a YAML', () => replaced('settings.enc.yaml', /: prod$/m, ': dev'), /encrypted together/],
    ['a value of an INI', () => replaced('app.enc.ini', /^port .*$/m, ''), /encrypted together/],
    [
      'a file that ends in the middle',
      () => replaced('settings.enc.json', /"plain_unenc[^]*?"sops"/, '"sops"'),
      /sops/,
    ],
    [
      'a line of a Secret that was made of lines',
      () => patchedLines('app.enc.env', (data) => delete data['MODE_unencrypted']),
      /a line of its file is missing/,
    ],
    [
      'a plain value beside such lines',
      () => patchedLines('app.enc.env', (data) => (data['ADDED'] = base64('typed'))),
      /ADDED is not encrypted with the others of its file/,
    ],
    [
      'a plain line of many, of a Secret that was made of them',
      () => envSecret('many.enc.env', text('many.enc.env').replace('=prod', '=dev')),
      /its values are not those that were encrypted together/,
    ],
    [
      'two lines of many in another order',
      () => envSecret('many.enc.env', text('many.enc.env').replace(/^(ALPHA=.*)\n(NUMBER=.*)$/m, '$2\n$1')),
      /its values are not those that were encrypted together/,
    ],
  ])('is refused: %s', async (_what, make, words) => {
    expect(await refusal(make())).toMatch(words);
  });

  it('is told by the line that a fixture has', () => {
    expect(lineOf('app.enc.env', 'DB_PASSWORD')).toContain('ENC[AES256_GCM');
  });
});
