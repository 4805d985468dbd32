import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { carryFiles, type JsonObject, sealOf } from '#domain';
import { openFakeCluster } from '#kube/fake';
import { dump, load, loadAll } from 'js-yaml';
import { unsealObjects } from '../../apps/agent/src/steps/unseal/unseal-objects.js';

const folder = path.resolve('apps/agent/src/steps/unseal/fixtures');

/** An object as JSON, to be changed at will. */
export type Loose = Record<string, Record<string, unknown>>;
type Change = (object: Loose) => void;

const NAMESPACE = 'flotilla-system';

/** What stands in a repository, as it reaches an agent that has the key of the fixtures. */
export class HostileSecretsScene {
  private readonly opened = openFakeCluster({});

  async open(): Promise<void> {
    const { kube } = this.opened;
    const space = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await kube.request({ method: 'POST', path: '/api/v1/namespaces', body: space });
    const stringData = { 'keys.txt': this.text('keys.txt') };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'flotilla-sops-age' }, stringData };
    await kube.request({ method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/secrets`, body });
  }

  close(): void {
    this.opened.kube.close();
    this.opened.cluster.close();
  }

  text(name: string): string {
    return readFileSync(path.join(folder, name), 'utf8');
  }

  documents(name: string): readonly JsonObject[] {
    return loadAll(this.text(name)) as JsonObject[];
  }

  /** An object whose file was changed in Git, by somebody without the key. */
  changed(name: string, change: Change): readonly JsonObject[] {
    const object = loose(load(this.text(name)) as JsonObject);
    change(object);
    const sealed = object as unknown as JsonObject;
    return carried([sealed], dump(sealed, { lineWidth: -1 }));
  }

  /** An object that a patch changed on its way, with its file as it was. */
  patched(name: string, change: Change): readonly JsonObject[] {
    const [first = {}] = this.documents(name);
    const [object = {}] = carried([first], this.text(name));
    const sealed = loose(object);
    change(sealed);
    return [sealed as unknown as JsonObject];
  }

  /** As a generator of Kustomize makes it of a file. */
  file(name: string, text: string): readonly JsonObject[] {
    const data = { [name]: Buffer.from(text).toString('base64') };
    return [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'files' }, data }];
  }

  /** As another one makes it of the lines of a file. */
  lines(name: string): readonly JsonObject[] {
    const file = this.text(name);
    const lines = file.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const data = lines.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), Buffer.from(line.slice(at + 1)).toString('base64')];
    });
    const metadata = { name: 'lines' };
    return carried(
      [{ apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(data) as JsonObject }],
      file,
    );
  }

  async unseal(objects: readonly JsonObject[]): Promise<Awaited<ReturnType<typeof unsealObjects>>> {
    const { kube } = this.opened;
    return await unsealObjects(objects, { kube, namespace: NAMESPACE, assignment: { namespace: 'shop' } });
  }

  /** None of them is applied, and what is told of it holds nothing of what is encrypted. */
  async isRefused(objects: readonly JsonObject[], words: RegExp): Promise<void> {
    const unsealed = await this.unseal(objects);
    deepEqual(unsealed.objects, []);
    equal(unsealed.errors.length, objects.length);
    for (const { message } of unsealed.errors) {
      match(message, words);
      doesNotMatch(message, /AGE-SECRET-KEY|s3cret|th3|ENC\[/);
    }
  }

  /** The agent goes on with what nobody touched. */
  async isUnharmed(): Promise<void> {
    const { objects, errors } = await this.unseal(this.changed('secret.enc.yaml', () => undefined));
    deepEqual(errors, []);
    match(JSON.stringify(objects), /shop-reader-v3ry-s3cret/);
  }
}

export function carried(objects: readonly JsonObject[], file: string): readonly JsonObject[] {
  return carryFiles(objects, new Map([[sealOf(objects[0] ?? {}) ?? '', file]]));
}

function loose(object: JsonObject): Loose {
  return JSON.parse(JSON.stringify(object)) as Loose;
}
