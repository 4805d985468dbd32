/** From when to when a JWT is valid, ms; null: for ever, or it can't be read. */
export function credentialLife(jwt: string): { readonly from: number; readonly to: number } | null {
  try {
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8')) as {
      iat?: unknown;
      exp?: unknown;
    };
    if (typeof claims.exp !== 'number' || typeof claims.iat !== 'number') return null;
    return { from: claims.iat * 1000, to: claims.exp * 1000 };
  } catch {
    return null;
  }
}
