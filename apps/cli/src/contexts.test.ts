import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  contextNamed,
  contextsFile,
  readContexts,
  withContext,
  withoutContext,
  writeContexts,
  type HubContext,
} from './contexts.js';

const contextOf = (name: string): HubContext => ({
  name,
  url: `https://${name}.example`,
  ca: '',
  token: `fs_${name}`,
  actor: 'user:ada',
  expiresAt: null,
});

describe('contexts', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flotilla-contexts-'));
    env = { FLOTILLA_CONFIG: path.join(folder, 'deep', 'contexts.json') };
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are where the platform keeps settings, and where FLOTILLA_CONFIG says', () => {
    expect(contextsFile({ FLOTILLA_CONFIG: '/x/y.json', HOME: '/h' }, 'linux')).toBe('/x/y.json');
    expect(contextsFile({ HOME: '/h' }, 'linux')).toBe('/h/.config/flotilla/contexts.json');
    expect(contextsFile({ HOME: '/h', XDG_CONFIG_HOME: '/c' }, 'linux')).toBe('/c/flotilla/contexts.json');
    expect(contextsFile({ HOME: '/h' }, 'darwin')).toBe('/h/Library/Application Support/flotilla/contexts.json');
    expect(contextsFile({}, 'linux')).toBeNull();
  });

  it('are none where nothing was written, and come back as they were', async () => {
    expect(readContexts(env)).toEqual({ current: null, contexts: [] });
    const both = withContext(withContext(readContexts(env), contextOf('prod')), contextOf('dev'));
    const file = await writeContexts(env, both);
    expect(readContexts(env)).toEqual({ current: 'dev', contexts: [contextOf('dev'), contextOf('prod')] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);
  });

  it('are closed to others again when they are written anew', async () => {
    const file = await writeContexts(env, withContext(readContexts(env), contextOf('prod')));
    writeFileSync(file, readFileSync(file), { mode: 0o644 });
    await writeContexts(env, readContexts(env));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('replace one of the same name, and leave none in force when that one goes', () => {
    const one = withContext({ current: null, contexts: [] }, contextOf('prod'));
    expect(withContext(one, { ...contextOf('prod'), actor: 'user:bo' }).contexts).toHaveLength(1);
    expect(withoutContext(one, 'prod')).toEqual({ current: null, contexts: [] });
    expect(withoutContext(one, 'other').current).toBe('prod');
  });

  it('tell which there are', () => {
    const one = withContext({ current: null, contexts: [] }, contextOf('prod'));
    expect(contextNamed(one, 'prod').url).toBe('https://prod.example');
    expect(() => contextNamed(one, 'dev')).toThrow(/there are prod/);
    expect(() => contextNamed({ current: null, contexts: [] }, 'dev')).toThrow(/flotilla login/);
  });

  it.each(['{"current": null, "contexts": [{"token": "fs_secret"}]}', '{"token": "fs_secret"', ''])(
    'are refused where the file holds something else (%p), which is not told',
    async (text) => {
      const file = await writeContexts(env, { current: null, contexts: [] });
      writeFileSync(file, text);
      expect(() => readContexts(env)).toThrow(/take it away/);
      expect(() => readContexts(env)).not.toThrow(/fs_secret/);
    },
  );
});
