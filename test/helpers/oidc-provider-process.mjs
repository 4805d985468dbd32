import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

// A real OpenID Connect provider, in a process of its own: it is told by a line of JSON on stdin what it is, says by one on stdout
// where it listens, and ends with stdin.
const lines = createInterface({ input: process.stdin });
lines.once('close', () => process.exit(0));
lines.once('line', (line) => {
  const { issuer, clientId, clientSecret, redirectUri, jwk, people } = JSON.parse(line);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        redirect_uris: [redirectUri],
        ...(clientSecret === null ? { token_endpoint_auth_method: 'none' } : { client_secret: clientSecret }),
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['only-for-tests'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email_verified: true, ...people[id] }),
    }),
  });
  // TLS ends before it.
  provider.proxy = true;
  const server = createServer(provider.callback());
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`));
});
