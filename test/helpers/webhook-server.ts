import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ensureCertificates } from '#bus';
import type { JsonObject } from '#domain';
import { mapAt, mapsAt, textAt } from '#kube';

/** How a webhook's server behaves: `hang` answers nobody, and is not closed. */
export type WebhookMood = 'allow' | 'deny' | 'hang';

/** A server for admission and conversion webhooks on loopback: what it does with a request of the API server is a test's to say. */
export class WebhookServer {
  mood: WebhookMood = 'allow';
  /** Only what comes from this field manager is treated by the mood; everybody else's is let through. */
  meant: string | null = null;
  requests = 0;
  /** What it changes of an object that it admits: operations of a JSON patch. */
  mutate: ((object: JsonObject, asked: JsonObject) => readonly JsonObject[]) | null = null;
  /** With which words it refuses an object; null: it does not. Whatever its mood. */
  refuse: ((object: JsonObject, asked: JsonObject) => string | null) | null = null;

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    /** Base64 of the PEM, as a `caBundle` is. */
    readonly caBundle: string,
    readonly port: number,
  ) {
    server.unref();
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<WebhookServer> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-webhook-'));
    const { caPem, certPem, keyPem } = await ensureCertificates(folder, { names: [], ips: [] });
    const server = createServer({ cert: certPem, key: keyPem });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    return new WebhookServer(server, folder, Buffer.from(caPem).toString('base64'), port);
  }

  get clientConfig(): JsonObject {
    return { url: `https://127.0.0.1:${this.port}/`, caBundle: this.caBundle };
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // One that is shaking hands becomes a connection only afterwards.
    const stragglers = setInterval(() => this.server.closeAllConnections(), 50);
    await closed;
    clearInterval(stragglers);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    this.requests += 1;
    const review = JSON.parse(Buffer.concat(parts).toString()) as JsonObject;
    const asked = mapAt(review, 'request');
    const manager = textAt(mapAt(asked, 'options'), 'fieldManager');
    const mood = this.meant === null || this.meant === manager ? this.mood : 'allow';
    if (mood === 'hang') return;
    const isConversion = textAt(review, 'kind') === 'ConversionReview';
    const answer = isConversion ? converted(asked, mood) : this.admit(asked, mood);
    const uid = textAt(asked, 'uid');
    const { apiVersion = '', kind = '' } = review;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ apiVersion, kind, response: { uid, ...answer } }));
  }

  private admit(asked: JsonObject, mood: WebhookMood): JsonObject {
    const object = mapAt(asked, 'object');
    const words = this.refuse?.(object, asked) ?? (mood === 'deny' ? 'the test does not want it' : null);
    if (words !== null) return { allowed: false, status: { code: 403, message: words } };
    const operations = this.mutate?.(object, asked) ?? [];
    if (operations.length === 0) return { allowed: true };
    const patch = Buffer.from(JSON.stringify(operations)).toString('base64');
    return { allowed: true, patchType: 'JSONPatch', patch };
  }
}

function converted(asked: JsonObject, mood: WebhookMood): JsonObject {
  if (mood === 'deny') return { result: { status: 'Failed', message: 'the test does not convert it' } };
  const apiVersion = textAt(asked, 'desiredAPIVersion');
  const convertedObjects = mapsAt(asked, 'objects').map((object) => ({ ...object, apiVersion }));
  return { result: { status: 'Success' }, convertedObjects };
}
