import type { CredentialRequest } from '#contract';
import { RejectedError } from '#kit';
import type { GitCredential, Store, StoredCredential, Unit } from '#ports';
import { sshKeyProblem } from '#source';
import type { SecretBox } from './secret-box.js';

/** Keeps what lets the hub in at Git hosts, and hands it to git alone. */
export class GitCredentials {
  constructor(
    private readonly store: Store,
    private readonly box: SecretBox,
  ) {}

  /** @throws RejectedError `credential-missing`, `sealed-otherwise` */
  async read(name: string): Promise<GitCredential> {
    const stored = await this.store.read.credentials.open(name);
    if (stored === null) {
      throw new RejectedError(
        'credential-missing',
        `There is no credential "${name}": make it with "flotilla credential set ${name}", or mend spec.credential.`,
      );
    }
    try {
      return JSON.parse(this.box.open(stored.sealed, purposeOf(name))) as GitCredential;
    } catch (error) {
      if (error instanceof RejectedError) throw error;
      // Not its text: that is the secret.
      throw new RejectedError(
        'credential-missing',
        `The credential "${name}" holds nothing that can be read: set it anew.`,
      );
    }
  }

  /** @throws RejectedError `invalid` for a key that can't be used as it is. */
  async put(
    unit: Unit,
    name: string,
    { reason: _reason, ...credential }: CredentialRequest,
    by: { readonly at: number; readonly by: string },
  ): Promise<'created' | 'changed'> {
    const problem = credential.kind === 'ssh' ? sshKeyProblem(credential.privateKey) : null;
    if (problem !== null) {
      const fields = [{ path: 'privateKey', message: problem }];
      throw new RejectedError('invalid', `privateKey: ${problem}`, { status: 400, fields });
    }
    const { kind, host } = credential;
    const username = credential.kind === 'https' ? credential.username : null;
    const sealed = this.box.seal(JSON.stringify(credential), purposeOf(name));
    return await unit.credentials.put({ name, kind, host, username, sealed, ...by });
  }

  /** @throws RejectedError `not-found`; `in-use` with the names of the sources that it is needed for. */
  async remove(unit: Unit, name: string): Promise<void> {
    const users = (await this.users(unit)).get(name) ?? [];
    if (users.length > 0) {
      throw new RejectedError(
        'in-use',
        `The credential "${name}" is used by the source ${users.slice(0, 5).join(', ')}: take spec.credential out there first`,
        { status: 409 },
      );
    }
    if (await unit.credentials.remove(name)) return;
    throw new RejectedError('not-found', `Credential "${name}" does not exist`, { status: 404 });
  }

  async list(): Promise<readonly { readonly credential: StoredCredential; readonly sources: readonly string[] }[]> {
    const { read } = this.store;
    const [stored, users] = [await read.credentials.list(), await this.users(read)];
    return stored.map((credential) => ({ credential, sources: users.get(credential.name) ?? [] }));
  }

  /** Names of sources by the credential that they name. */
  private async users(unit: Unit): Promise<ReadonlyMap<string, readonly string[]>> {
    const users = new Map<string, string[]>();
    for (const { name, spec } of await unit.resources.list('Source')) {
      const credential = spec['credential'];
      if (typeof credential === 'string') users.set(credential, [...(users.get(credential) ?? []), name]);
    }
    return users;
  }
}

function purposeOf(name: string): string {
  return `credential "${name}"`;
}
