import { describe, expect, it } from '@jest/globals';
import * as official from '@nats-io/nkeys';
import { readJwt, signJwt } from './jwt.js';
import { makeNkey } from './nkey.js';

describe('NATS JWTs', () => {
  const signer = makeNkey('account');
  const claims = { sub: makeNkey('user').publicKey, name: 'agent', iat: 1_790_000_000, exp: 1_790_086_400 };
  const jwt = signJwt(signer, { ...claims, nats: { type: 'user', tags: ['cluster:x'] } });

  it('are read back with their issuer, in version 2', () => {
    expect(readJwt(jwt)).toEqual({
      ...claims,
      jti: expect.stringMatching(/^[A-Z2-7]{52}$/),
      iss: signer.publicKey,
      nats: { type: 'user', tags: ['cluster:x'], version: 2 },
    });
  });

  it('carry a signature that the official package verifies', () => {
    const [header, payload, signature] = jwt.split('.');
    const verified = official
      .fromPublic(signer.publicKey)
      .verify(Buffer.from(`${header}.${payload}`), Buffer.from(signature ?? '', 'base64url'));
    expect(verified).toBe(true);
    expect(JSON.parse(Buffer.from(header ?? '', 'base64url').toString())).toEqual({ typ: 'JWT', alg: 'ed25519-nkey' });
  });

  it('are null when anything in them was changed', () => {
    const [header, payload, signature] = jwt.split('.');
    const other = Buffer.from(JSON.stringify({ ...readJwt(jwt), sub: 'someone else' })).toString('base64url');
    expect(readJwt(`${header}.${other}.${signature}`)).toBeNull();
    expect(readJwt(`${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`)).toBeNull();
    expect(readJwt(`${header}.${payload}`)).toBeNull();
    expect(readJwt('')).toBeNull();
    expect(readJwt('a.b.c')).toBeNull();
  });
});
