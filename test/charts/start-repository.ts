import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { dump } from 'js-yaml';
import type { Certificates } from '#bus';
import { digestOf, packChart, type TestChart } from '../../libs/source/src/charts/test-chart.js';

export interface RepositoryOptions {
  readonly certificates: Certificates;
  /** What an `authorization` header must be; anybody is let in unless told. */
  readonly authorization?: string;
  /** Answers in its place; false: it does not. */
  readonly handler?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A chart repository as people have them: a folder of packs and an index.yaml behind a web server, on 127.0.0.1. */
export async function startRepository({ certificates, authorization, handler = () => false }: RepositoryOptions) {
  const files = new Map<string, Buffer>();
  /** Where who asks for a path is sent. */
  const redirects = new Map<string, string>();
  const entries = new Map<string, Record<string, unknown>[]>();
  const seen: { readonly path: string; readonly authorization: string | undefined; status: number }[] = [];
  const writeIndex = (): void => {
    const index = { apiVersion: 'v1', entries: Object.fromEntries(entries), generated: '2026-01-01T00:00:00Z' };
    files.set('/charts/index.yaml', Buffer.from(dump(index, { seqNoIndent: true })));
  };
  const server = createServer({ cert: certificates.certPem, key: certificates.keyPem }, (request, response) => {
    const { headers, url: path = '/' } = request;
    const entry = { path, authorization: headers.authorization, status: 0 };
    seen.push(entry);
    response.on('error', () => undefined);
    if (handler(request, response)) return;
    const file = files.get(path);
    const etag = file === undefined ? '' : `"${createHash('md5').update(file).digest('hex')}"`;
    const answer = (status: number, body?: Buffer, more: Record<string, string> = {}): void => {
      entry.status = status;
      response.writeHead(status, more).end(body);
    };
    if (authorization !== undefined && headers.authorization !== authorization) {
      return answer(401, Buffer.from(`who is ${headers.authorization ?? 'nobody'}?`), { 'www-authenticate': 'Basic' });
    }
    const location = redirects.get(path);
    if (location !== undefined) return answer(302, undefined, { location });
    if (file === undefined) return answer(404, Buffer.from('no such file'));
    if (headers['if-none-match'] === etag) return answer(304);
    if (headers['accept-encoding'] === 'gzip') return answer(200, gzipSync(file), { etag, 'content-encoding': 'gzip' });
    return answer(200, file, { etag });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    seen,
    files,
    redirects,
    /** What one version's entry in the index says besides, or in place of it. */
    async publish(chart: TestChart & { readonly createdAt?: string }, change: Record<string, unknown> = {}) {
      const { name, version, description, createdAt } = chart;
      const pack = await packChart(chart);
      const file = `${name}-${version}.tgz`;
      files.set(`/charts/packs/${file}`, pack);
      const others = (entries.get(name) ?? []).filter((each) => each['version'] !== version);
      const said = {
        ...{ apiVersion: 'v2', name, version, digest: digestOf(pack), urls: [`packs/${file}`] },
        ...(description !== undefined && { description }),
        ...(createdAt !== undefined && { created: createdAt }),
        ...change,
      };
      entries.set(name, [said, ...others]);
      writeIndex();
      return digestOf(pack);
    },
    unpublish(name: string, version: string): void {
      entries.set(name, entries.get(name)?.filter((each) => each['version'] !== version) ?? []);
      files.delete(`/charts/packs/${name}-${version}.tgz`);
      writeIndex();
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export type TestRepository = Awaited<ReturnType<typeof startRepository>>;
