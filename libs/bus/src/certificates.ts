// The certificate library injects its algorithms by decorators and needs this before it is loaded.
import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { messageOf, RejectedError, writeFileAtomically } from '#kit';
import * as x509 from '@peculiar/x509';
import { readIfThere } from './nats-keys.js';

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 365;
/** A server certificate is made anew when it has less than this left. */
const RENEW_BEFORE_DAYS = 60;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface Certificates {
  /** What clients trust: the hub's private CA. */
  readonly caPem: string;
  /** The server's certificate, signed by that CA. */
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
  const names = unique(['localhost', ...wanted.names]);
  const ips = unique(['127.0.0.1', '::1', ...wanted.ips]);
  const bad = ips.find((ip) => isIP(ip) === 0);
  if (bad !== undefined) throw new RejectedError('bad-address', `${JSON.stringify(bad)} is not an IP address.`);
  x509.cryptoProvider.set(webcrypto);
  const files = {
    caFile: path.join(folder, 'ca.pem'),
    certFile: path.join(folder, 'server.pem'),
    keyFile: path.join(folder, 'server-key.pem'),
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ca = await ensureAuthority(files.caFile, path.join(folder, 'ca-key.pem'), now);
    const found = await readPair(files.certFile, files.keyFile);
    if (found !== null && stillServes(found, ca.certPem, { names, ips, now })) {
      return { caPem: ca.certPem, ...found, ...files, renewed: false };
    }
    const made = await makeServerCertificate(ca, { names, ips, now });
    await writeFileAtomically(files.keyFile, made.keyPem, { mode: 0o600 });
    await writeFileAtomically(files.certFile, made.certPem, { mode: 0o644 });
    return { caPem: ca.certPem, ...made, ...files, renewed: true };
  } catch (error) {
    if (error instanceof RejectedError) throw error;
    const why = `The certificates in ${folder} can't be made: ${messageOf(error)}.`;
    throw new RejectedError('data-folder', why, undefined, { cause: error });
  }
}

async function ensureAuthority(certFile: string, keyFile: string, now: number): Promise<KeyedCertificate> {
  const found = await readPair(certFile, keyFile);
  if (found !== null) return found;
  // The key is written first: a certificate without its key is a loss, and a new CA in its place would cut every agent off.
  if ((await readIfThere(certFile)) !== null) {
    throw new RejectedError(
      'data-folder',
      `${certFile} has no key that fits it in ${keyFile}: restore that file from its backup, or remove both and join every agent again.`,
    );
  }
  const keys = await makeKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=Flotilla CA ${randomBytes(4).toString('hex')}`,
    // An hour back, for clients whose clock is behind.
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const made = { certPem: `${certificate.toString('pem')}\n`, keyPem: await exportKey(keys.privateKey) };
  await writeFileAtomically(keyFile, made.keyPem, { mode: 0o600 });
  await writeFileAtomically(certFile, made.certPem, { mode: 0o644 });
  return made;
}

async function makeServerCertificate(
  ca: KeyedCertificate,
  wanted: Required<CertificateNames>,
): Promise<KeyedCertificate> {
  const keys = await makeKeys();
  const issuer = new x509.X509Certificate(ca.certPem);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(ca.keyPem).export({ format: 'der', type: 'pkcs8' }),
    algorithm,
    false,
    ['sign'],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=flotilla-hub',
    issuer: issuer.subject,
    notBefore: new Date(wanted.now - 3_600_000),
    notAfter: new Date(wanted.now + SERVER_DAYS * DAY_MS),
    signingAlgorithm: algorithm,
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
  return { certPem: `${certificate.toString('pem')}\n`, keyPem: await exportKey(keys.privateKey) };
}

function stillServes(found: KeyedCertificate, caPem: string, wanted: Required<CertificateNames>): boolean {
  const certificate = new X509Certificate(found.certPem);
  return (
    certificate.verify(new X509Certificate(caPem).publicKey) &&
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

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  const pkcs8 = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return pkcs8.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** Positive, 127 bits, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
