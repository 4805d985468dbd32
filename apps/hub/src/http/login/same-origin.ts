import type { IncomingHttpHeaders } from 'node:http';
import { RejectedError } from '#kit';

/** What a browser sends along by itself counts for reading; what changes something must come from the hub's own page. */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

/**
 * A cookie is believed for what changes something only when the page that asks is the hub's own: of its origin, and with a header
 * that no other page can send without being asked first, which nobody here answers.
 * @throws RejectedError (403) `cross-site`
 */
export function requireSameOrigin(method: string, headers: IncomingHttpHeaders, publicUrl: string): void {
  if (SAFE.includes(method)) return;
  const isOwn = headers.origin === new URL(publicUrl).origin && headers['flotilla-request'] === '1';
  if (isOwn) return;
  throw new RejectedError(
    'cross-site',
    "A session's cookie changes things only from the hub's own page (Origin and the header flotilla-request: 1); programs use an API token",
    { status: 403 },
  );
}

/** An address that another site's page opened: what begins a session must be opened by the person themselves. */
export function requireNoOtherSite(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return;
  throw new RejectedError('cross-site', 'Another site opened this address: open it yourself, by `flotilla open`', {
    status: 403,
  });
}
