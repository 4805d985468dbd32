// The certificate library injects its algorithms by decorators and needs this before it is loaded.
import 'reflect-metadata';
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import path from 'node:path';
import { RejectedError, writeFileAtomically } from '#kit';
import * as x509 from '@peculiar/x509';
import { readIfThere } from './nats-keys.js';

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** Most authorities in a file: more than two at a time are somebody's mistake. */
const MAX_AUTHORITIES = 8;
export const certificateAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** An authority of the hub's own, as everybody may know it. */
export interface Authority {
  /** Start of the SHA-256 of its certificate. */
  readonly id: string;
  readonly pem: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly until: number;
}

export interface KeyedAuthority extends Authority {
  /** PKCS 8. A secret. */
  readonly keyPem: string;
}

const files = (folder: string): { readonly certFile: string; readonly keyFile: string } => ({
  certFile: path.join(folder, 'ca.pem'),
  keyFile: path.join(folder, 'ca-key.pem'),
});

/**
 * The private authorities in `folder`, `ca.pem` with their keys in `ca-key.pem`, one made where there is none. The first of them
 * signs; more are there while one takes the place of the other, so the file is at any moment what a client should trust.
 * @throws RejectedError `data-folder` where a certificate has lost its key: a new authority in its place would cut every agent off.
 */
export async function ensureAuthorities(folder: string, now: number): Promise<readonly KeyedAuthority[]> {
  const found = await readAuthorities(folder);
  if (found.length > 0) return found;
  await addAuthority(folder, now);
  return await readAuthorities(folder);
}

/**
 * Makes one more authority, last of all. The key is written first: a key that no certificate is of is passed over, and a
 * certificate without its key would be a loss.
 */
export async function addAuthority(folder: string, now: number): Promise<Authority> {
  const { certFile, keyFile } = files(folder);
  const before = await readAuthorities(folder);
  if (before.length >= MAX_AUTHORITIES) {
    throw new RejectedError('data-folder', `${certFile} holds ${before.length} authorities: that is more than can be.`);
  }
  const made = await makeAuthority(now);
  await writeFileAtomically(keyFile, [...before.map(({ keyPem }) => keyPem), made.keyPem].join(''), { mode: 0o600 });
  await writeFileAtomically(certFile, [...before.map(({ pem }) => pem), made.pem].join(''), { mode: 0o644 });
  return made;
}

/** Leaves those authorities in `folder`, in that order, and no other. Whatever is not there is passed over. */
export async function keepAuthorities(folder: string, ids: readonly string[]): Promise<readonly KeyedAuthority[]> {
  const { certFile, keyFile } = files(folder);
  const before = await readAuthorities(folder);
  const after = ids.flatMap((id) => before.find((authority) => authority.id === id) ?? []);
  const isSame = after.length === before.length && after.every(({ id }, index) => id === before[index]?.id);
  if (isSame || after.length === 0) return before;
  await writeFileAtomically(certFile, after.map(({ pem }) => pem).join(''), { mode: 0o644 });
  await writeFileAtomically(keyFile, after.map(({ keyPem }) => keyPem).join(''), { mode: 0o600 });
  return after;
}

/** The id of whoever signed a certificate; null: none of these. */
export function issuerOf(certPem: string, authorities: readonly Authority[]): string | null {
  const certificate = new X509Certificate(certPem);
  return authorities.find(({ pem }) => certificate.verify(new X509Certificate(pem).publicKey))?.id ?? null;
}

/** The certificates of a PEM text, each by itself. */
export function splitCertificates(pem: string): readonly string[] {
  return blocks(pem, 'CERTIFICATE');
}

async function readAuthorities(folder: string): Promise<readonly KeyedAuthority[]> {
  const { certFile, keyFile } = files(folder);
  const text = (await readIfThere(certFile)) ?? '';
  const certificates = splitCertificates(text);
  if (certificates.length === 0 && text.trim() !== '') {
    throw new RejectedError('data-folder', `${certFile} holds no certificate: restore that file from its backup.`);
  }
  const keys = keysOf(blocks((await readIfThere(keyFile)) ?? '', 'PRIVATE KEY'));
  return certificates.map((pem) => {
    const certificate = readCertificate(pem);
    const keyPem = certificate ? keys.get(publicPem(certificate.publicKey)) : undefined;
    if (certificate === null || keyPem === undefined) {
      throw new RejectedError(
        'data-folder',
        `${certFile} has no key that fits it in ${keyFile}: restore that file from its backup, or remove both and join every agent again.`,
      );
    }
    return { ...authorityOf(certificate, pem), keyPem };
  });
}

function authorityOf(certificate: X509Certificate, pem: string): Authority {
  return {
    id: createHash('sha256').update(certificate.raw).digest('hex').slice(0, 16),
    pem,
    from: Date.parse(certificate.validFrom),
    until: Date.parse(certificate.validTo),
  };
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** Private keys by their public ones. One that can't be read is passed over. */
function keysOf(pems: readonly string[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const pem of pems) {
    try {
      keys.set(publicPem(createPublicKey(pem)), pem);
    } catch {
      // The certificate that it was of will be found to lack it.
    }
  }
  return keys;
}

function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function blocks(text: string, label: string): readonly string[] {
  const block = new RegExp(`-----BEGIN ${label}-----[A-Za-z0-9+/=\\s]+-----END ${label}-----`, 'g');
  return (text.match(block) ?? []).map((each) => `${each}\n`);
}

async function makeAuthority(now: number): Promise<KeyedAuthority> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await makeCertificateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Flotilla CA ${randomBytes(4).toString('hex')}`,
    // An hour back, for clients whose clock is behind.
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    signingAlgorithm: certificateAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const pem = `${certificate.toString('pem')}\n`;
  return { ...authorityOf(new X509Certificate(pem), pem), keyPem: await exportCertificateKey(keys.privateKey) };
}

export async function makeCertificateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(certificateAlgorithm, true, ['sign', 'verify']);
}

export async function exportCertificateKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  const pkcs8 = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return pkcs8.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Positive, 127 bits, as RFC 5280 wants it. */
export function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
