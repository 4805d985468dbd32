import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addAuthority, keepAuthorities } from './authorities.js';
import { ensureCertificates } from './certificates.js';

const DAY_MS = 86_400_000;

describe('ensureCertificates', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-certificates-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('makes a pair that a client trusting the CA accepts for each of its names, and for no other', async () => {
    const made = await ensureCertificates(folder, { names: ['hub.example.com'], ips: ['10.1.2.3'] });
    const certificate = new X509Certificate(made.certPem);
    expect(certificate.verify(new X509Certificate(made.caPem).publicKey)).toBe(true);
    expect(certificate.checkHost('hub.example.com')).toBe('hub.example.com');
    expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3');
    const server = createServer({ key: made.keyPem, cert: made.certPem }, (socket) => socket.end()).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const attempt = (options: object) =>
      new Promise<string>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ...options }, () => {
          resolve('accepted');
          socket.destroy();
        });
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      });
    expect(await attempt({ ca: made.caPem })).toBe('accepted');
    expect(await attempt({ ca: made.caPem, servername: 'hub.example.com' })).toBe('accepted');
    expect(await attempt({ ca: made.caPem, servername: 'evil.example.com' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(await attempt({})).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    await new Promise((resolve) => server.close(resolve));
  });

  it('keeps keys at 0600 and everything as it was at the next start', async () => {
    const first = await ensureCertificates(folder, { names: ['a'], ips: [] });
    const second = await ensureCertificates(folder, { names: ['a'], ips: [] });
    expect(second).toEqual({ ...first, renewed: false });
    expect((await stat(first.keyFile)).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(folder, 'ca-key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('makes the server certificate anew, under the same CA, when names change or its end is near', async () => {
    const now = Date.now();
    const first = await ensureCertificates(folder, { names: ['a'], ips: [], now });
    const named = await ensureCertificates(folder, { names: ['a', 'b'], ips: [], now });
    expect(named.renewed).toBe(true);
    expect(named.caPem).toBe(first.caPem);
    const early = await ensureCertificates(folder, { names: ['a', 'b'], ips: [], now: now + 200 * DAY_MS });
    expect(early.certPem).toBe(named.certPem);
    const late = await ensureCertificates(folder, { names: ['a', 'b'], ips: [], now: now + 320 * DAY_MS });
    expect(late.renewed).toBe(true);
    expect(late.caPem).toBe(first.caPem);
  });

  it('mends a pair whose halves do not fit, as a crash between two writes leaves it', async () => {
    const first = await ensureCertificates(folder, { names: ['a'], ips: [] });
    const key = await readFile(path.join(folder, 'ca-key.pem'), 'utf8');
    await writeFile(first.keyFile, key);
    const second = await ensureCertificates(folder, { names: ['a'], ips: [] });
    expect(second.renewed).toBe(true);
    expect(new X509Certificate(second.certPem).verify(new X509Certificate(first.caPem).publicKey)).toBe(true);
  });

  it('refuses to replace a CA whose key was lost', async () => {
    const first = await ensureCertificates(folder, { names: [], ips: [] });
    await rm(path.join(folder, 'ca-key.pem'));
    await expect(ensureCertificates(folder, { names: [], ips: [] })).rejects.toThrow(/restore that file/);
    expect(await readFile(first.caFile, 'utf8')).toBe(first.caPem);
  });

  it('keeps several authorities while one takes the place of the other, each with its key', async () => {
    const wanted = { names: ['a'], ips: [] };
    const first = await ensureCertificates(folder, wanted);
    const added = await addAuthority(folder, Date.now());
    const both = await ensureCertificates(folder, wanted);
    expect(both).toMatchObject({ certPem: first.certPem, renewed: false, caPem: first.caPem + added.pem });
    expect(await readFile(both.caFile, 'utf8')).toBe(both.caPem);
    const turned = await keepAuthorities(folder, [added.id, first.authorities[0]!.id, 'unknown']);
    expect(turned.map(({ id }) => id)).toEqual([added.id, first.authorities[0]!.id]);
    const signed = await ensureCertificates(folder, wanted);
    expect(signed.renewed).toBe(true);
    expect(new X509Certificate(signed.certPem).verify(new X509Certificate(added.pem).publicKey)).toBe(true);
    await keepAuthorities(folder, [added.id]);
    expect(await ensureCertificates(folder, wanted)).toMatchObject({
      ...signed,
      caPem: added.pem,
      renewed: false,
      authorities: [{ id: added.id }],
    });
    expect((await readFile(path.join(folder, 'ca-key.pem'), 'utf8')).match(/BEGIN/g)).toHaveLength(1);
    // Nothing of it is never what was meant.
    expect(await keepAuthorities(folder, ['unknown'])).toHaveLength(1);
  });

  it('passes over a key that no certificate is of, as a crash between two writes leaves it', async () => {
    const first = await ensureCertificates(folder, { names: ['a'], ips: [] });
    await addAuthority(folder, Date.now());
    await writeFile(first.caFile, first.caPem);
    expect(await ensureCertificates(folder, { names: ['a'], ips: [] })).toEqual({ ...first, renewed: false });
  });

  it('refuses to go on with a file that holds no authority any more', async () => {
    const { caFile } = await ensureCertificates(folder, { names: [], ips: [] });
    await writeFile(caFile, 'not a certificate');
    await expect(ensureCertificates(folder, { names: [], ips: [] })).rejects.toThrow(/restore that file/);
  });

  it('refuses an address that is none', async () => {
    await expect(ensureCertificates(folder, { names: [], ips: ['hub.example.com'] })).rejects.toMatchObject({
      code: 'bad-address',
    });
  });
});
