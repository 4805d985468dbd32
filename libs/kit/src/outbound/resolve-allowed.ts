import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { addressRefusal, type OutboundRules } from './address-refusal.js';

/** What went wrong with a call, as a sentence's end that holds no part of the URL but its host. */
export class NoAnswer extends Error {}

/** The address is one that the hub does not call. */
export class AddressRefused extends NoAnswer {}

/** As `dns.lookup` with `all`. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** Resolves a name for the connection that is being made; one bad address among its addresses refuses the name. */
export function lookupAllowed(rules: OutboundRules, resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      const refusal = refusalOf(hostname, addresses, rules);
      const [first] = addresses;
      if (refusal !== null) return done(new AddressRefused(refusal), []);
      if (!first) return done(new NoAnswer(`${hostname} has no address`), []);
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}

/**
 * The addresses of a host, for a program that is then told them: it asks nobody again, so a name that means something else a moment
 * later leads it nowhere. A host that is an address is only looked at.
 * @throws NoAnswer where one of them must not be called, or there is none; what the resolver throws
 */
export async function resolveAllowed(
  hostname: string,
  rules: OutboundRules,
  resolve: Resolve = lookup,
): Promise<readonly string[]> {
  const addresses = isIP(hostname) === 0 ? await ask(hostname, resolve) : [{ address: hostname }];
  const refusal = refusalOf(hostname, addresses, rules);
  if (refusal !== null) throw new AddressRefused(refusal);
  if (addresses.length === 0) throw new NoAnswer(`${hostname} has no address`);
  return addresses.map(({ address }) => address);
}

function ask(hostname: string, resolve: Resolve): Promise<LookupAddress[]> {
  return new Promise((done, fail) => {
    resolve(hostname, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses)));
  });
}

function refusalOf(
  hostname: string,
  addresses: readonly { readonly address: string }[],
  rules: OutboundRules,
): string | null {
  for (const { address } of addresses) {
    const refusal = addressRefusal(address, rules);
    if (refusal !== null) return `${hostname} is not called: ${address === hostname ? 'it' : address} ${refusal}`;
  }
  return null;
}
