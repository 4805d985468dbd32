import path from 'node:path';
import { ensureBusKeys, ensureCertificates, natsServerConfiguration } from '#bus';
import { lockDataFolder } from '#kit';
import type { HubConfig } from '../hub.config.js';
import { hostsOf } from './hub-hosts.js';

/**
 * The configuration of a nats-server that somebody else runs for this hub (NATS_URL): its operator and system account are the
 * hub's, so it believes the accounts that the hub hands in. Makes keys and certificates where they are missing.
 * Paths in it are this machine's: the certificate files go with it to the server's.
 * @throws RejectedError for a data folder that can't be used.
 */
export async function externalNatsConfiguration(config: HubConfig): Promise<string> {
  const data = await lockDataFolder(config.dataFolder, 'FLOTILLA_DATA');
  try {
    const keys = await ensureBusKeys(path.join(data.folder, 'keys'));
    const { certFile, keyFile, caFile } = await ensureCertificates(path.join(data.folder, 'tls'), hostsOf(config));
    return natsServerConfiguration({
      keys,
      folder: '/var/lib/flotilla-nats',
      host: '0.0.0.0',
      port: 4222,
      tls: { certFile, keyFile, caFile },
      iat: Math.floor(Date.now() / 1000),
    });
  } finally {
    await data.release();
  }
}
