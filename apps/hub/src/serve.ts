import 'reflect-metadata';
import type { Server } from 'node:https';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HubConfig } from './hub.config.js';
import { earlyRefusals } from './http/early-refusals.js';
import { refuseUndeclared } from './http/access/refuse-undeclared.js';
import { hangDoors } from './http/doors/hang-doors.js';
import type { DoorSettings } from './http/doors/doors.config.js';
import { HubModule, hubRoutes } from './hub.module.js';
import { OpenApi } from './http/openapi.js';
import type { HubParts, HubSettings } from './parts.js';
import { Advance } from './steps/advance/advance.js';
import { Alive } from './steps/advance/alive.js';
import { CollectReports } from './steps/collect/collect-reports.js';
import { Silence } from './steps/collect/silence.js';

/** Largest request body, but for documents that are applied. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Makes the application of its parts and listens; resolves when reports are being collected. */
export async function serve(options: {
  readonly config: Pick<HubConfig, 'host' | 'port' | 'publicUrl' | keyof DoorSettings>;
  readonly parts: Omit<HubParts, 'settings'>;
  readonly settings: HubSettings & { publicUrl: string };
}): Promise<{ url: string; close(): Promise<void> }> {
  const { config, parts, settings } = options;
  const { https } = parts.certificates;
  const adapter = new FastifyAdapter({
    https: { cert: https.cert, key: https.key },
    bodyLimit: MAX_BODY_BYTES,
    // Behind a kept-alive connection a stop must not wait for the client to go.
    forceCloseConnections: true,
    requestTimeout: 60_000,
    // Whoever else says where a request is from is not believed.
    trustProxy: config.trustedProxies ?? false,
    ...earlyRefusals,
  });
  refuseUndeclared(adapter.getInstance(), hubRoutes());
  // The port is known only once it listens, where any free one is taken: the settings' URL is filled in then.
  settings.publicUrl = config.publicUrl ?? '';
  const app = await NestFactory.create<NestFastifyApplication>(HubModule.on({ ...parts, settings }), adapter, {
    logger: ['error', 'fatal'],
    abortOnError: false,
    // A webhook signs the bytes of its body.
    rawBody: true,
  });
  await hangDoors(adapter.getInstance(), config, hubRoutes());
  await app.init();
  app.get(OpenApi).describe(app);
  await app.listen({ port: config.port, host: config.host });
  const server = adapter.getInstance().server as unknown as Server;
  parts.certificates.onChange(({ https: { cert, key } }) => server.setSecureContext({ cert, key }));
  const { port } = server.address() as { port: number };
  const host = config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host;
  settings.publicUrl = (config.publicUrl ?? `https://${host.includes(':') ? `[${host}]` : host}:${port}`).replace(
    /\/$/,
    '',
  );

  // Its own absence first, then what came meanwhile, then the ticks.
  const alive = app.get(Alive);
  await alive.recordGap(await alive.absence());
  app.get(Silence).restart();
  await app.get(CollectReports).start();
  await parts.bus.drainStatus();
  alive.start();
  app.get(Advance).start();
  return { url: settings.publicUrl, close: () => app.close() };
}
