import { expect, it } from '@jest/globals';
import { credentialLife } from './credential-life.js';

const jwt = (claims: object) => `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`;

it('reads from when to when a credential is valid, and takes none for what it is not', () => {
  expect(credentialLife(jwt({ iat: 100, exp: 200 }))).toEqual({ from: 100_000, to: 200_000 });
  expect(credentialLife(jwt({ iat: 100 }))).toBeNull();
  expect(credentialLife('no-jwt')).toBeNull();
});
