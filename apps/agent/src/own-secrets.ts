import { RetryableError } from '#kit';
import { apiError, callKube, isSuccess, mapAt, secretObject, textAt } from '#kube';
import type { Kube } from '#ports';

/** The agent's own Secrets, one map of texts each. */
export class OwnSecrets {
  constructor(
    private readonly kube: Kube,
    private readonly namespace: string,
  ) {}

  /** Null: there is none. @throws RetryableError */
  async read(name: string): Promise<Readonly<Record<string, string>> | null> {
    const answer = await callKube(this.kube, { method: 'GET', path: this.path(name) });
    if (answer.status === 404) return null;
    if (!isSuccess(answer)) throw this.refused(name, answer);
    const data = mapAt(answer.body, 'data');
    return Object.fromEntries(
      Object.keys(data).map((key) => [key, Buffer.from(textAt(data, key), 'base64').toString('utf8')]),
    );
  }

  /** False: it is there already. @throws RetryableError */
  async create(name: string, values: Readonly<Record<string, string>>): Promise<boolean> {
    const body = secretObject(this.namespace, name, encode(values));
    const answer = await callKube(this.kube, { method: 'POST', path: this.path(), body });
    if (answer.status === 409) return false;
    if (!isSuccess(answer)) throw this.refused(name, answer);
    return true;
  }

  /** Sets some of a Secret's values and leaves the others. @throws RetryableError */
  async patch(name: string, values: Readonly<Record<string, string>>): Promise<void> {
    const answer = await callKube(this.kube, {
      method: 'PATCH',
      path: this.path(name),
      contentType: 'application/merge-patch+json',
      body: { data: encode(values) },
    });
    if (!isSuccess(answer)) throw this.refused(name, answer);
  }

  private path(name?: string): string {
    const collection = `/api/v1/namespaces/${this.namespace}/secrets`;
    return name === undefined ? collection : `${collection}/${name}`;
  }

  private refused(name: string, answer: Parameters<typeof apiError>[0]): RetryableError {
    // Not the message: it might hold what the Secret holds.
    const { reason, status } = apiError(answer);
    return new RetryableError(
      'own-secret',
      `The API server does not let the agent at its own Secret ${this.namespace}/${name}: ${reason} (${status}). Its ClusterRole must allow it, and the namespace must exist.`,
    );
  }
}

function encode(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}
