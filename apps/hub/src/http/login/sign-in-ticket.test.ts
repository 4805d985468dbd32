import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSecretBox, type SecretBox } from '../../installation/secret-box.js';
import { cliSchema, openTicket, sealTicket, type SignInTicket } from './sign-in-ticket.js';

const ticket: SignInTicket = {
  state: 's',
  nonce: 'n',
  verifier: 'v',
  expiresAt: 1000,
  returnTo: '/',
  cli: { challenge: 'c'.repeat(43), port: 45_678, state: 'x'.repeat(16) },
};

describe('a ticket of a sign-in', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'flotilla-ticket-'));
  let box: SecretBox;
  let other: SecretBox;
  beforeAll(async () => {
    box = await openSecretBox(path.join(folder, 'one'), true);
    other = await openSecretBox(path.join(folder, 'other'), true);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('comes back as it was sealed, shows nothing of itself, and fits a cookie', () => {
    const text = sealTicket(box, ticket);
    expect(openTicket(box, text, 999)).toEqual(ticket);
    expect(text).toMatch(/^[\w-]{1,2000}$/);
    expect(Buffer.from(text, 'base64url').includes('verifier')).toBe(false);
  });

  it('is lost when it is late, missing, too long, of another key, or sealed for something else', () => {
    const whole = sealTicket(box, ticket);
    const otherwise = Buffer.from(box.seal(JSON.stringify(ticket), 'credential x')).toString('base64url');
    const otherShape = Buffer.from(box.seal('{"state":"s"}', 'sign-in')).toString('base64url');
    for (const text of [undefined, '', 'x'.repeat(5000), sealTicket(other, ticket), otherwise, otherShape]) {
      expect(() => openTicket(box, text, 1)).toThrow(/begin again/);
    }
    expect(() => openTicket(box, whole, 1000)).toThrow(/begin again/);
  });

  it.each([{ port: '80' }, { port: '65536' }, { port: '1e4x' }, { challenge: 'short' }, { state: 'x' }, { more: '1' }])(
    'is made for no command line with %p',
    (wrong) => {
      expect(cliSchema.safeParse({ ...ticket.cli, ...wrong }).success).toBe(false);
    },
  );
});
