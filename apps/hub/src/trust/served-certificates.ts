import path from 'node:path';
import {
  addAuthority,
  ensureCertificates,
  keepAuthorities,
  shownAuthorities,
  type Authority,
  type Certificates,
} from '#bus';
import { sha256 } from '#domain';
import { messageOf, type Logger } from '#kit';
import type { HubConfig } from '../hub.config.js';
import { httpsCertificate, readSettingFile, type HttpsCertificate } from '../installation/https-certificate.js';
import { hostsOf } from '../installation/hub-hosts.js';

/** Who is told when what the hub shows, or what is to be trusted, is another. */
export type CertificateListener = (certificates: ServedCertificates) => Promise<void> | void;

/**
 * What the API and the bus show, and whom to trust for that: kept in files, looked at again while the hub runs, so that nothing
 * has to be started again for another certificate.
 */
export class ServedCertificates {
  private readonly listeners: CertificateListener[] = [];
  private busUrl: string | null = null;

  private constructor(
    private readonly config: HubConfig,
    private readonly folder: string,
    private readonly log: Pick<Logger, 'info' | 'warn'>,
    private current: { readonly own: Certificates; readonly https: HttpsCertificate; readonly outside: string },
  ) {}

  /** @throws RejectedError `data-folder`, `config-invalid` */
  static async open(
    config: HubConfig,
    dataFolder: string,
    log: Pick<Logger, 'info' | 'warn'>,
  ): Promise<ServedCertificates> {
    const folder = path.join(dataFolder, 'tls');
    return new ServedCertificates(config, folder, log, await read(config, folder));
  }

  /** Of the hub's own authority, for the bus. */
  get own(): Certificates {
    return this.current.own;
  }

  get https(): HttpsCertificate {
    return this.current.https;
  }

  /** PEM of the hub's own authorities, where its API shows a certificate of theirs; else null. */
  get httpsCa(): string | null {
    return this.current.https.caPem;
  }

  /** PEM of whom to trust for the bus. */
  get busCa(): string {
    return this.showsOwnBus ? this.own.caPem : this.current.outside;
  }

  /** The hub's own authorities, the first one first; none where nothing shows a certificate of theirs. */
  get authorities(): readonly Authority[] {
    return this.isOwnUsed ? this.own.authorities : [];
  }

  /** PEM of authorities that somebody else keeps; empty: none. */
  get outside(): string {
    return this.current.outside;
  }

  get outsideDigest(): string {
    return this.outside === '' ? '' : sha256(this.outside);
  }

  /** Told after each change; and once the bus was seen not to show what it should. */
  onChange(listener: CertificateListener): void {
    this.listeners.push(listener);
  }

  /** Where the bus is, for looking at what it shows. */
  watchBus(url: string): void {
    this.busUrl = url;
  }

  /** Reads the files again, makes the server's certificate anew where it is time to, and tells who shows them. */
  async refresh(): Promise<void> {
    let next: ServedCertificates['current'];
    try {
      next = await read(this.config, this.folder);
    } catch (error) {
      this.log.warn({ why: messageOf(error, 300) }, 'certificates can not be read again; what is shown stays');
      return;
    }
    const before = JSON.stringify(this.current, sayRenewed);
    this.current = next;
    if (JSON.stringify(next, sayRenewed) === before) return;
    this.log.info({ until: next.own.authorities[0]?.until }, 'the certificates are others now');
    await this.tell();
  }

  async addAuthority(now: number): Promise<Authority> {
    const added = await addAuthority(this.folder, now);
    await this.refresh();
    return added;
  }

  async keepAuthorities(ids: readonly string[]): Promise<void> {
    if (!this.isOwnUsed) return;
    await keepAuthorities(this.folder, ids);
    await this.refresh();
  }

  /**
   * Authorities of what is shown now where it is to be of the hub's own; null: not all of it could be looked at, or a server
   * shows something else. A server of ours that shows an old certificate is told to read its files again.
   */
  async shown(): Promise<readonly string[] | null> {
    const [wanted] = this.authorities;
    const shown: string[] = [];
    // The API shows what it was told to before anybody is answered here.
    if (this.httpsCa !== null && wanted !== undefined) shown.push(wanted.id);
    if (!this.showsOwnBus || this.busUrl === null) return shown;
    try {
      for (const id of await shownAuthorities(this.busUrl, this.authorities)) {
        if (id === null) return null;
        shown.push(id);
      }
    } catch {
      return null;
    }
    if (shown.some((id) => id !== wanted?.id)) await this.tell();
    return shown;
  }

  private get showsOwnBus(): boolean {
    return this.config.natsCaFile === undefined;
  }

  private get isOwnUsed(): boolean {
    return this.showsOwnBus || this.httpsCa !== null;
  }

  private async tell(): Promise<void> {
    for (const listener of this.listeners) {
      try {
        await listener(this);
      } catch (error) {
        this.log.warn({ why: messageOf(error, 300) }, 'somebody does not show the present certificate yet');
      }
    }
  }
}

async function read(config: HubConfig, folder: string): Promise<ServedCertificates['current']> {
  const own = await ensureCertificates(folder, hostsOf(config));
  const outside = config.natsCaFile === undefined ? '' : await readSettingFile(config.natsCaFile, 'NATS_CA_FILE');
  return { own, https: await httpsCertificate(config, own), outside };
}

/** Whether this very call made a certificate says nothing of which it is. */
function sayRenewed(key: string, value: unknown): unknown {
  return key === 'renewed' ? undefined : value;
}
