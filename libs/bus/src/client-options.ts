import { createSecureContext, type SecureContext } from 'node:tls';

/** `tls://a:4222,tls://b:4222` as the client takes it. */
export function splitUrls(url: string): string[] {
  return url.split(',').map((each) => each.trim().replace(/^[a-z]+:\/\//i, ''));
}

const contexts = new Map<string, SecureContext>();

/**
 * TLS from the first byte. One parsed context for all connections of a process that trust the same CA: parsing it again for
 * each of 1,000 agents, with the system's own certificates, costs more than their handshakes.
 */
export function tlsOptions(caPem: string): { readonly handshakeFirst: true; readonly secureContext: SecureContext } {
  let secureContext = contexts.get(caPem);
  if (secureContext === undefined) {
    secureContext = createSecureContext({ ca: caPem, minVersion: 'TLSv1.2' });
    contexts.clear();
    contexts.set(caPem, secureContext);
  }
  return { handshakeFirst: true, secureContext };
}
