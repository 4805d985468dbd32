import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findAccess } from './hub-access.js';

const pem = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;

describe('access to the hub', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), 'flotilla-access-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function hubFile(folder: string, port: number, ageSeconds = 0): string {
    const file = path.join(root, folder, 'admin.json');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(
      file,
      JSON.stringify({ url: `https://127.0.0.1:${port}`, ca: pem(`ca ${port}`), token: `ft_${port}` }),
    );
    const at = Date.now() / 1000 - ageSeconds;
    utimesSync(file, at, at);
    return file;
  }

  it('comes from the data folder of a hub, looked for upwards', () => {
    const file = hubFile('.flotilla/hub', 1);
    const deep = path.join(root, 'a/b');
    mkdirSync(deep, { recursive: true });
    expect(findAccess({}, {}, deep)).toEqual({
      url: 'https://127.0.0.1:1',
      token: 'ft_1',
      ca: pem('ca 1'),
      from: file,
    });
  });

  it('is that of the hub that was started last where there are several', () => {
    hubFile('.flotilla/hub', 1, 60);
    hubFile('.flotilla/demo/hub', 2);
    expect(findAccess({}, {}, root).url).toBe('https://127.0.0.1:2');
  });

  it('is that of FLOTILLA_DATA where it is set, and of no other', () => {
    hubFile('.flotilla/hub', 1);
    hubFile('elsewhere', 2, 60);
    expect(findAccess({}, { FLOTILLA_DATA: 'elsewhere' }, root).url).toBe('https://127.0.0.1:2');
    expect(() => findAccess({}, { FLOTILLA_DATA: 'nowhere' }, root)).toThrow(/No hub is known/);
  });

  it('comes from flags before the environment, and from the environment before files', () => {
    hubFile('.flotilla/hub', 1);
    const env = { FLOTILLA_HUB: 'https://env.example/', FLOTILLA_TOKEN: 'ft_env' };
    expect(findAccess({}, env, root)).toMatchObject({
      url: 'https://env.example',
      token: 'ft_env',
      from: 'FLOTILLA_HUB',
    });
    expect(findAccess({ hub: 'https://flag.example', token: 'ft_flag' }, env, root)).toMatchObject({
      url: 'https://flag.example',
      token: 'ft_flag',
      from: '--hub',
    });
  });

  it('never gives the token or the CA of a local hub to another origin', () => {
    hubFile('.flotilla/hub', 1);
    for (const url of [
      'https://127.0.0.1:2',
      'http://127.0.0.1:1',
      'https://127.0.0.1:1.evil.example',
      'https://hub.example',
    ]) {
      expect(() => findAccess({ hub: url }, {}, root)).toThrow(/No token for/);
      expect(findAccess({ hub: url, token: 'ft_mine' }, {}, root)).toMatchObject({ token: 'ft_mine', ca: '' });
    }
  });

  it('takes token and CA from the file where the address told is that of the local hub', () => {
    hubFile('.flotilla/hub', 1);
    expect(findAccess({}, { FLOTILLA_HUB: 'https://127.0.0.1:1' }, root)).toMatchObject({
      token: 'ft_1',
      ca: pem('ca 1'),
    });
    expect(findAccess({}, { FLOTILLA_HUB: 'https://127.0.0.1:1', FLOTILLA_TOKEN: 'ft_v' }, root)).toMatchObject({
      token: 'ft_v',
      ca: pem('ca 1'),
    });
    expect(findAccess({}, { FLOTILLA_TOKEN: 'ft_v' }, root)).toMatchObject({
      url: 'https://127.0.0.1:1',
      token: 'ft_v',
    });
  });

  it('reads FLOTILLA_CA as a file, and refuses one that holds no certificate', () => {
    writeFileSync(path.join(root, 'ca.pem'), pem('theirs'));
    writeFileSync(path.join(root, 'key.pem'), 'nothing');
    const env = { FLOTILLA_HUB: 'https://hub.example', FLOTILLA_TOKEN: 'ft_x' };
    expect(findAccess({}, { ...env, FLOTILLA_CA: 'ca.pem' }, root).ca).toBe(pem('theirs'));
    expect(() => findAccess({ ca: 'key.pem' }, env, root)).toThrow(/holds no certificate/);
    expect(() => findAccess({ ca: 'gone.pem' }, env, root)).toThrow(/gone.pem cannot be read/);
  });

  it('names a broken file without quoting what stands in it', () => {
    const file = hubFile('.flotilla/hub', 1);
    for (const text of ['{"url": "x", "token": "ft_secret" ', '{"url": 1, "token": "ft_secret"}']) {
      writeFileSync(file, text);
      let message = '';
      try {
        findAccess({}, {}, root);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toContain(file);
      expect(message).not.toContain('ft_secret');
    }
  });

  it('is the context in force where no hub is here, and the one that is named before any', () => {
    const contexts = (names: readonly string[]): object[] =>
      names.map((name) => ({
        name,
        url: `https://${name}.example`,
        ca: '',
        token: `fs_${name}`,
        actor: 'user:ada',
        expiresAt: null,
      }));
    const file = path.join(root, 'contexts.json');
    writeFileSync(file, JSON.stringify({ current: 'prod', contexts: contexts(['dev', 'prod']) }));
    const env = { FLOTILLA_CONFIG: file };
    expect(findAccess({}, env, root)).toMatchObject({ token: 'fs_prod', from: 'the context prod' });
    expect(findAccess({ context: 'dev' }, env, root).token).toBe('fs_dev');
    expect(findAccess({}, { ...env, FLOTILLA_CONTEXT: 'dev' }, root).token).toBe('fs_dev');
    expect(findAccess({ hub: 'https://dev.example/' }, env, root).token).toBe('fs_dev');
    // Named or not, a token goes to the hub that it was made for.
    expect(() => findAccess({ hub: 'https://evil.example' }, env, root)).toThrow(/No token for/);
    expect(() => findAccess({ hub: 'https://evil.example', context: 'prod' }, env, root)).toThrow(/No token for/);
    expect(() => findAccess({ context: 'gone' }, env, root)).toThrow(/there are dev, prod/);
    hubFile('.flotilla/hub', 1);
    expect(findAccess({}, env, root).token).toBe('ft_1');
    expect(findAccess({ context: 'prod' }, env, root).token).toBe('fs_prod');
  });

  it('tells the ways where nothing is known, and takes empty settings for none', () => {
    expect(() => findAccess({}, { FLOTILLA_HUB: '', FLOTILLA_TOKEN: '' }, root)).toThrow(
      /flotilla login.*npm start.*FLOTILLA_HUB/,
    );
  });
});
