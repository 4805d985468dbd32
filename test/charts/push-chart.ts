import { request } from 'node:https';
import { digestOf, packChart, type TestChart } from '../../libs/source/src/charts/test-chart.js';

export interface RegistryUser {
  /** `localhost:5000` */
  readonly host: string;
  readonly ca: string;
  /** Of the header that lets in to push to a chart of that name. */
  readonly authorization: (name: string) => string;
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly digest: string;
  readonly size: number;
}

/** Does at a registry what `helm push` and a person who tidies up do, some hundred times faster. */
export function registryUser({ host, ca, authorization }: RegistryUser) {
  const send = (method: string, name: string, at: string, body?: Buffer, type?: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const url = new URL(at, `https://${host}/v2/${name}/`);
      const headers = { authorization: authorization(name), ...(type !== undefined && { 'content-type': type }) };
      const accept = { accept: MANIFEST };
      request(url, { method, ca, headers: { ...headers, ...accept } }, (response) => {
        response.resume();
        response.on('end', () => {
          const { location = '', 'docker-content-digest': digest = '', 'content-length': size } = response.headers;
          const status = response.statusCode ?? 0;
          if (status >= 400) reject(new Error(`${method} ${url.pathname}: HTTP ${status}`));
          else resolve({ status, location, digest: String(digest), size: Number(size ?? 0) });
        });
      })
        .on('error', reject)
        .end(body);
    });
  const pushBlob = async (name: string, blob: Buffer): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${digestOf(blob)}`;
    const { location } = await send('POST', name, 'blobs/uploads/');
    const at = new URL(location, `https://${host}`);
    at.searchParams.set('digest', digest);
    await send('PUT', name, at.href, blob, 'application/octet-stream');
    return { digest, size: blob.length };
  };
  return {
    async push(folder: string, chart: TestChart & { readonly createdAt?: string }, change: Partial<Manifest> = {}) {
      const name = `${folder}/${chart.name}`;
      const pack = await packChart(chart);
      const config = Buffer.from(JSON.stringify({ name: chart.name, version: chart.version }));
      const manifest: Manifest = {
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: { mediaType: CONFIG, ...(await pushBlob(name, config)) },
        layers: [{ mediaType: CONTENT, ...(await pushBlob(name, pack)) }],
        annotations: {
          ...(chart.createdAt !== undefined && { 'org.opencontainers.image.created': chart.createdAt }),
          ...(chart.description !== undefined && { 'org.opencontainers.image.description': chart.description }),
        },
        ...change,
      };
      const tag = chart.version.replaceAll('+', '_');
      await send('PUT', name, `manifests/${tag}`, Buffer.from(JSON.stringify(manifest)), MANIFEST);
      return digestOf(pack);
    },
    /** Makes a tag one of an index of what other tags are of. */
    async pushIndex(name: string, tag: string, of: readonly string[], told: { readonly artifactType?: string } = {}) {
      const manifests = await Promise.all(
        of.map(async (each) => {
          const { digest, size } = await send('HEAD', name, `manifests/${each}`);
          return { mediaType: MANIFEST, digest, size, ...(told.artifactType === each && { artifactType: CONFIG }) };
        }),
      );
      const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
      await send('PUT', name, `manifests/${tag}`, index, INDEX);
    },
    async remove(name: string, version: string): Promise<void> {
      const { digest } = await send('HEAD', name, `manifests/${version.replaceAll('+', '_')}`);
      await send('DELETE', name, `manifests/${digest}`);
    },
  };
}

interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: object;
  readonly layers: readonly object[];
  readonly annotations: Readonly<Record<string, string>>;
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.cncf.helm.config.v1+json';
const CONTENT = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
