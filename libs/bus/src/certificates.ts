// The certificate library injects its algorithms by decorators and needs this before it is loaded.
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';
import * as x509 from '@peculiar/x509';
import {
  type Authority,
  certificateAlgorithm,
  ensureAuthorities,
  exportCertificateKey,
  issuerOf,
  type KeyedAuthority,
  makeCertificateKeys,
  serialNumber,
} from './authorities.js';
import { readIfThere } from './nats-keys.js';

const DAY_MS = 86_400_000;
const SERVER_DAYS = 365;
/** A server certificate is made anew when it has less than this left. */
const RENEW_BEFORE_DAYS = 60;

export interface Certificates {
  /** What clients trust: the hub's private CA; two of them while one takes the place of the other. */
  readonly caPem: string;
  /** The same, one by one; the first signed the server's certificate. */
  readonly authorities: readonly Authority[];
  /** The server's certificate, signed by the first CA. */
  readonly certPem: string;
  /** PKCS 8. A secret. */
  readonly keyPem: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Whether this call made the server's certificate anew. */
  readonly renewed: boolean;
}

export interface CertificateNames {
  /** DNS names that clients use for the hub or the bus. */
  readonly names: readonly string[];
  /** IP addresses that clients use. */
  readonly ips: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now?: number;
}

interface KeyedCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * The private CA and a server certificate (ECDSA P-256) in `folder`: made at the first start, the server's again when it nears
 * its end or when the names change. The same pair serves NATS and HTTPS; `localhost`, 127.0.0.1 and ::1 are always in it.
 * @throws RejectedError `data-folder`
 */
export async function ensureCertificates(folder: string, wanted: CertificateNames): Promise<Certificates> {
  const now = wanted.now ?? Date.now();
  x509.cryptoProvider.set(webcrypto);
  const names = unique(['localhost', ...wanted.names]);
  const ips = unique(['127.0.0.1', '::1', ...wanted.ips]);
  const bad = ips.find((ip) => isIP(ip) === 0);
  if (bad !== undefined) throw new RejectedError('bad-address', `${JSON.stringify(bad)} is not an IP address.`);
  const files = {
    caFile: path.join(folder, 'ca.pem'),
    certFile: path.join(folder, 'server.pem'),
    keyFile: path.join(folder, 'server-key.pem'),
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = await ensureAuthorities(folder, now);
    const [issuer] = kept;
    if (issuer === undefined) throw new Error('there is no authority');
    const authorities = kept.map(({ keyPem: _secret, ...authority }) => authority);
    const trusted = { caPem: authorities.map(({ pem }) => pem).join(''), authorities };
    const found = await readPair(files.certFile, files.keyFile);
    if (found !== null && stillServes(found, issuer, { names, ips, now })) {
      return { ...trusted, ...found, ...files, renewed: false };
    }
    const made = await makeServerCertificate(issuer, { names, ips, now });
    await writeFileAtomically(files.keyFile, made.keyPem, { mode: 0o600 });
    await writeFileAtomically(files.certFile, made.certPem, { mode: 0o644 });
    return { ...trusted, ...made, ...files, renewed: true };
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    const why = `The certificates in ${folder} can't be made: ${messageOf(error)}.`;
    throw new RejectedError('data-folder', why, undefined, { cause: error });
  }
}

async function makeServerCertificate(
  ca: KeyedAuthority,
  wanted: Required<CertificateNames>,
): Promise<KeyedCertificate> {
  const keys = await makeCertificateKeys();
  const issuer = new x509.X509Certificate(ca.pem);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(ca.keyPem).export({ format: 'der', type: 'pkcs8' }),
    certificateAlgorithm,
    false,
    ['sign'],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=flotilla-hub',
    issuer: issuer.subject,
    notBefore: new Date(wanted.now - 3_600_000),
    notAfter: new Date(wanted.now + SERVER_DAYS * DAY_MS),
    signingAlgorithm: certificateAlgorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // Servers of one NATS cluster are each other's clients.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...wanted.names.map((value) => ({ type: 'dns' as const, value })),
        ...wanted.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await exportCertificateKey(keys.privateKey) };
}

function stillServes(found: KeyedCertificate, issuer: Authority, wanted: Required<CertificateNames>): boolean {
  const certificate = new X509Certificate(found.certPem);
  return (
    issuerOf(found.certPem, [issuer]) !== null &&
    Date.parse(certificate.validTo) - wanted.now > RENEW_BEFORE_DAYS * DAY_MS &&
    wanted.names.every((name) => certificate.checkHost(name, { wildcards: false }) !== undefined) &&
    wanted.ips.every((ip) => certificate.checkIP(ip) !== undefined)
  );
}

/** Both files of a pair that fits together; null where one is missing, unreadable or of another key (a write cut in two). */
async function readPair(certFile: string, keyFile: string): Promise<KeyedCertificate | null> {
  const [certPem, keyPem] = await Promise.all([readIfThere(certFile), readIfThere(keyFile)]);
  if (certPem === null || keyPem === null) return null;
  try {
    return new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem)) ? { certPem, keyPem } : null;
  } catch {
    return null;
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
