import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Certificates } from '#bus';
import { messageOf, RejectedError } from '#kit';
import type { HubConfig } from '../hub.config.js';

export interface HttpsCertificate {
  readonly cert: string;
  readonly key: string;
  /** PEM of the private CA; null with a certificate of a public one. */
  readonly caPem: string | null;
}

/**
 * What the HTTPS API shows: the certificate that the settings name, else the hub's own.
 * @throws RejectedError `config-invalid`
 */
export async function httpsCertificate(
  config: Pick<HubConfig, 'tlsCertFile' | 'tlsKeyFile'>,
  own: Pick<Certificates, 'caPem' | 'certPem' | 'keyPem'>,
): Promise<HttpsCertificate> {
  const { tlsCertFile, tlsKeyFile } = config;
  if (tlsCertFile === undefined && tlsKeyFile === undefined)
    return { cert: own.certPem, key: own.keyPem, caPem: own.caPem };
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    throw new RejectedError(
      'config-invalid',
      'FLOTILLA_TLS_CERT_FILE and FLOTILLA_TLS_KEY_FILE go together: set both or neither.',
    );
  }
  const cert = await readSettingFile(tlsCertFile, 'FLOTILLA_TLS_CERT_FILE');
  const key = await readSettingFile(tlsKeyFile, 'FLOTILLA_TLS_KEY_FILE');
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new RejectedError(
      'config-invalid',
      `FLOTILLA_TLS_CERT_FILE and FLOTILLA_TLS_KEY_FILE do not hold a certificate and its key in PEM (${messageOf(error, 200)}).`,
    );
  }
  return { cert, key, caPem: null };
}

/**
 * Reads the file that a setting names.
 * @throws RejectedError `config-invalid`, naming the setting
 */
export async function readSettingFile(file: string, setting: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new RejectedError('config-invalid', `${setting} names a file that cannot be read: ${messageOf(error, 200)}.`);
  }
}
