import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { pack as packTar, type Headers } from 'tar-stream';

/** Something in an archive: a header as it is, and what follows it. */
export type TarItem = Headers & {
  readonly content?: string | Buffer;
  readonly pax?: Readonly<Record<string, string>>;
};

/** Packs whatever a test writes, the odd included. */
export async function packItems(items: readonly TarItem[]): Promise<Buffer> {
  const archive = packTar();
  for (const { content, ...header } of items) {
    if (content === undefined) archive.entry(header).end();
    else archive.entry(header, content);
  }
  archive.finalize();
  const parts: Buffer[] = [];
  for await (const part of archive as AsyncIterable<Buffer>) parts.push(part);
  return await promisify(gzip)(Buffer.concat(parts));
}

export interface TestChart {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** Beside Chart.yaml. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A packed chart as `helm package` makes one. */
export async function packChart({ name, version, description, files = {} }: TestChart): Promise<Buffer> {
  const meta = { apiVersion: 'v2', name, version, ...(description !== undefined && { description }) };
  const items = Object.entries({ 'Chart.yaml': `${JSON.stringify(meta)}\n`, ...files });
  return packItems(items.map(([file, content]) => ({ name: `${name}/${file}`, mtime: new Date(0), content })));
}

export function digestOf(pack: Buffer): string {
  return createHash('sha256').update(pack).digest('hex');
}
