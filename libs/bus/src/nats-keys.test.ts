import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BUS_KEYS_FILE, busKeysText, ensureBusKeys, makeBusKeys, openBusKeys, readBusKeys } from './nats-keys.js';

describe("the bus' keys", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-keys-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('are made once, for the owner alone, and read at the next start', async () => {
    const first = await ensureBusKeys(path.join(folder, 'keys'));
    const second = await ensureBusKeys(path.join(folder, 'keys'));
    const file = path.join(folder, 'keys', BUS_KEYS_FILE);
    expect(busKeysText(second)).toBe(busKeysText(first));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(busKeysText(first));
  });

  it('are five different ones of the right kinds', () => {
    const keys = makeBusKeys();
    const publicKeys = Object.values(keys).map((key: { publicKey: string }) => key.publicKey);
    expect(new Set(publicKeys).size).toBe(5);
    expect(keys.operator.publicKey).toMatch(/^O/);
    expect(keys.agentSigner.publicKey).toMatch(/^A/);
  });

  it('are refused when damaged, by the name of the field and without its value', async () => {
    const keys = makeBusKeys();
    const swapped = JSON.parse(busKeysText(keys)) as Record<string, string>;
    swapped['hub'] = keys.operator.seed;
    expect(() => readBusKeys(JSON.stringify(swapped))).toThrow('"hub" must be the seed of an account');
    swapped['hub'] = `${keys.hub.seed}x`;
    expect(() => readBusKeys(JSON.stringify(swapped))).toThrow('"hub" is not an nkey seed');
    expect(() => readBusKeys(JSON.stringify(swapped))).not.toThrow(keys.hub.seed);
    expect(() => readBusKeys('{')).toThrow('not JSON');
    expect(() => readBusKeys('{}')).toThrow('agentSigner');
    await writeFile(path.join(folder, BUS_KEYS_FILE), 'half-writ');
    await expect(ensureBusKeys(folder)).rejects.toMatchObject({ code: 'bad-bus-keys' });
  });

  it('tell of a folder that cannot be used', async () => {
    await writeFile(path.join(folder, 'file'), '');
    await expect(ensureBusKeys(path.join(folder, 'file'))).rejects.toMatchObject({ code: 'data-folder' });
  });

  it('are read from a file or a text that is given, and then never made', async () => {
    const keys = makeBusKeys();
    const file = { path: path.join(folder, 'given.json'), setting: 'KEYS_FILE' };
    const text = { value: busKeysText(keys), setting: 'KEYS' };
    await expect(openBusKeys({ folder, file })).rejects.toThrow('KEYS_FILE names a file that is not there');
    await writeFile(file.path, text.value);
    expect(busKeysText(await openBusKeys({ folder, file }))).toBe(text.value);
    expect(busKeysText(await openBusKeys({ folder, text }))).toBe(text.value);
    await expect(openBusKeys({ folder, file, text })).rejects.toThrow('Set KEYS_FILE or KEYS, not both.');
    await expect(openBusKeys({ folder, text: { ...text, value: '{' } })).rejects.toThrow(/^KEYS: /);
    await expect(readFile(path.join(folder, BUS_KEYS_FILE))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(busKeysText(await openBusKeys({ folder }))).not.toBe(text.value);
  });
});
