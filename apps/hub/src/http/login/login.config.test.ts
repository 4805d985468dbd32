import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseConfig } from '#kit';
import { hubConfigSchema } from '../../hub.config.js';
import { readLoginSettings } from './login.config.js';

const ON = { FLOTILLA_OIDC_ISSUER: 'https://id.example', FLOTILLA_OIDC_CLIENT_ID: 'hub' };
const read = (env: Record<string, string>) => readLoginSettings(parseConfig(hubConfigSchema, env));

describe('the settings of signing in', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flotilla-login-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('let nobody sign in unless a provider is named, for 12 hours and 2 unused', async () => {
    expect(await read({})).toEqual({ provider: null, lifetimeMs: 12 * 3_600_000, idleMs: 2 * 3_600_000 });
  });

  it('take a public client, and one with a secret in a file', async () => {
    expect((await read(ON)).provider).toMatchObject({ clientSecret: null, scopes: 'openid profile email' });
    const file = path.join(folder, 'secret');
    writeFileSync(file, 'only-here\n');
    expect((await read({ ...ON, FLOTILLA_OIDC_CLIENT_SECRET_FILE: file })).provider?.clientSecret).toBe('only-here');
    writeFileSync(file, '\n');
    await expect(read({ ...ON, FLOTILLA_OIDC_CLIENT_SECRET_FILE: file })).rejects.toThrow(/is empty/);
    await expect(read({ ...ON, FLOTILLA_OIDC_CA_FILE: path.join(folder, 'none') })).rejects.toThrow(
      /FLOTILLA_OIDC_CA_FILE/,
    );
  });

  it('take http for an issuer on this machine alone', async () => {
    for (const issuer of ['http://127.0.0.1:9', 'http://localhost:9', 'http://[::1]:9']) {
      expect((await read({ ...ON, FLOTILLA_OIDC_ISSUER: issuer })).provider?.issuer).toBe(issuer);
    }
    for (const issuer of ['http://id.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example']) {
      expect(() => parseConfig(hubConfigSchema, { ...ON, FLOTILLA_OIDC_ISSUER: issuer })).toThrow(
        /FLOTILLA_OIDC_ISSUER/,
      );
    }
  });

  it('refuse a half, scopes without openid, and a hub without TLS', async () => {
    await expect(read({ FLOTILLA_OIDC_ISSUER: 'https://id.example' })).rejects.toThrow(/both or neither/);
    await expect(read({ FLOTILLA_OIDC_CLIENT_ID: 'hub' })).rejects.toThrow(/both or neither/);
    await expect(read({ ...ON, FLOTILLA_PUBLIC_URL: 'http://hub.example' })).rejects.toThrow(/https/);
    expect(() => parseConfig(hubConfigSchema, { ...ON, FLOTILLA_OIDC_SCOPES: 'email' })).toThrow(/OIDC_SCOPES/);
  });

  it.each(['10.0.0.0/8', '192.0.2.1, 2001:db8::/32'])('take trusted proxies %s', (text) => {
    const { trustedProxies } = parseConfig(hubConfigSchema, { FLOTILLA_TRUSTED_PROXIES: text });
    expect(trustedProxies).toEqual(text.split(', '));
  });

  it.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/8/8', '*', 'true', '10.0.0.0/'])(
    'refuse trusted proxies %s',
    (text) => {
      expect(() => parseConfig(hubConfigSchema, { FLOTILLA_TRUSTED_PROXIES: text })).toThrow(/TRUSTED_PROXIES/);
    },
  );
});
