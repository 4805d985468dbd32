import { Inject, Injectable } from '@nestjs/common';
import type { Ask } from '#contract';
import {
  beginTrust,
  type Manifest,
  type SignedManifest,
  type Trust,
  type TrustDocument,
  type TrustEntry,
} from '#domain';
import { RetryableError } from '#kit';
import type { Unit } from '#ports';
import { CERTIFICATES, SIGNER } from '../parts.js';
import type { ManifestSigner } from '../steps/assign/manifest-signer.js';
import type { ServedCertificates } from './served-certificates.js';

/** What is signed, and what is said of whom to trust, at one moment of the database. */
export interface Seal {
  /** What agents are to hold. */
  readonly document: TrustDocument;
  /** @throws RetryableError `signer-unavailable`, `signer-key-missing` */
  sign(document: Manifest | Ask): Promise<SignedManifest>;
  /** The same, telling whom to trust where anything was ever rotated. */
  signManifest(manifest: Manifest): Promise<SignedManifest>;
}

/**
 * Signs with the key that the database says is in force. The database says no more than which: what a key is comes from whoever
 * holds it, so that nobody who can write to the database can make agents believe a key of his own.
 */
@Injectable()
export class Notary {
  constructor(
    @Inject(SIGNER) private readonly signer: ManifestSigner,
    @Inject(CERTIFICATES) private readonly certificates: ServedCertificates,
  ) {}

  /** As the unit sees it: within a transaction that writes a manifest, with what else is in it. */
  async at(unit: Pick<Unit, 'trust'>): Promise<Seal> {
    const trust = (await unit.trust.get()) ?? this.first();
    const document = this.documentOf(trust);
    const current = trust.keys.find(({ state }) => state === 'current')?.id;
    const sign = (what: Manifest | Ask): Promise<SignedManifest> =>
      current === undefined ? Promise.reject(noKey()) : this.signer.sign(what, current);
    const told = document.generation > 1 ? { trust: document } : {};
    return { document, sign, signManifest: (manifest) => sign({ ...manifest, ...told }) };
  }

  /** Where nothing is stored yet. */
  first(): Trust {
    const { signer, certificates } = this;
    return beginTrust({
      keys: { ids: signer.keys().map(({ id }) => id), kept: signer.kept },
      authorities: certificates.authorities.map(({ id }) => id),
      outside: certificates.outsideDigest,
    });
  }

  private documentOf({ generation, keys, authorities }: Trust): TrustDocument {
    const { signer, certificates } = this;
    const told = (entries: readonly TrustEntry[]): ReadonlySet<string> =>
      new Set(entries.filter(({ state }) => state !== 'gone').map(({ id }) => id));
    const [tellKeys, tellAuthorities] = [told(keys), told(authorities)];
    return {
      generation,
      manifestKeys: Object.fromEntries(
        signer
          .keys()
          .filter(({ id }) => tellKeys.has(id))
          .map(({ id, pem }) => [id, pem]),
      ),
      ca: [
        ...certificates.authorities.filter(({ id }) => tellAuthorities.has(id)).map(({ pem }) => pem),
        certificates.outside,
      ].join(''),
    };
  }
}

function noKey(): RetryableError {
  return new RetryableError('signer-key-missing', 'No key signs manifests: see `flotilla trust`');
}
