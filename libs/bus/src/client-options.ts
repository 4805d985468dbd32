import { createSecureContext, type SecureContext } from 'node:tls';

/** `tls://a:4222,tls://b:4222` as the client takes it. */
export function splitUrls(url: string): string[] {
  return url.split(',').map((each) => each.trim().replace(/^[a-z]+:\/\//i, ''));
}

/** PEM of the authorities to trust, or where to find those that are trusted now. */
export type TrustedCa = string | (() => string);

/** While authorities rotate, some connections of a process trust one more than the others. */
const MAX_CONTEXTS = 4;
const contexts = new Map<string, SecureContext>();

/** TLS from the first byte, trusting what is trusted at the moment of each connect. */
export function tlsOptions(ca: TrustedCa): { readonly handshakeFirst: true; readonly secureContext: SecureContext } {
  return {
    handshakeFirst: true,
    get secureContext() {
      return contextOf(typeof ca === 'string' ? ca : ca());
    },
  };
}

/**
 * One parsed context for all connections of a process that trust the same CA: parsing it again for each of 1,000 agents, with
 * the system's own certificates, costs more than their handshakes.
 */
function contextOf(caPem: string): SecureContext {
  let secureContext = contexts.get(caPem);
  if (secureContext === undefined) {
    secureContext = createSecureContext({ ca: caPem, minVersion: 'TLSv1.2' });
    if (contexts.size >= MAX_CONTEXTS) contexts.clear();
    contexts.set(caPem, secureContext);
  }
  return secureContext;
}
