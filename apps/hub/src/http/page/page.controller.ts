import { access } from 'node:fs/promises';
import path from 'node:path';
import type {} from '@fastify/static';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RejectedError } from '#kit';
import { SETTINGS, type HubSettings } from '../../parts.js';
import { Permit } from '../access/permit.js';
import { PAGE_CSP } from '../doors/security-headers.js';
import { PAGE_FILES, PAGE_PATHS } from './page-paths.js';

/** Names of what the build writes beside the page hold a hash of the content: what was loaded once never changes. */
const ASSET_NAME = /^[\w.-]{1,200}$/;
const ASSET_AGE_S = 365 * 86_400;

const NOT_BUILT = `Flotilla's hub runs, and its page is not built here: \`npm run build\` makes it in dist/web.
The command line shows the same: \`flotilla top\`, \`flotilla why ROLLOUT\`, \`flotilla --help\`.
`;

/** The page itself, which holds nothing of the fleet: what it shows it asks the API for, as whoever is signed in. */
@ApiExcludeController()
@Controller()
export class PageController {
  constructor(@Inject(SETTINGS) private readonly settings: HubSettings) {}

  /** Never kept without asking: it names the assets of the build that the hub has now. */
  @Get([...PAGE_PATHS])
  @Permit('public')
  async page(@Res() reply: FastifyReply): Promise<void> {
    if (await this.has('index.html')) return this.send(reply, 'index.html', 'no-cache');
    // Not found, in a browser as for a check of whether there is a page.
    void reply.status(404).header('content-type', 'text/plain; charset=utf-8').send(NOT_BUILT);
  }

  @Get([...PAGE_FILES])
  @Permit('public')
  file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.find(reply, (request.routeOptions.url ?? '').replace(/^\//, ''), 'no-cache');
  }

  @Get('assets/:name')
  @Permit('public')
  asset(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { name } = request.params as { name: string };
    // A name that ends so is the compressed form of another one, and without its encoding told it would be garbage.
    if (!ASSET_NAME.test(name) || /^\.|\.(br|gz)$/.test(name)) throw unknownFile();
    return this.find(reply, `assets/${name}`, `public, max-age=${ASSET_AGE_S}, immutable`);
  }

  private async find(reply: FastifyReply, file: string, keep: string): Promise<void> {
    if (!(await this.has(file))) throw unknownFile();
    this.send(reply, file, keep);
  }

  private async has(file: string): Promise<boolean> {
    return access(path.join(this.settings.webFolder, file)).then(
      () => true,
      () => false,
    );
  }

  private send(reply: FastifyReply, file: string, keep: string): void {
    // Told also where nothing has changed: a browser takes over the headers of that answer for what it kept.
    reply.header('content-security-policy', PAGE_CSP).header('cache-control', keep);
    // Both forms of an answer have the same address.
    reply.header('vary', 'accept-encoding');
    reply.sendFile(file, this.settings.webFolder);
  }
}

/** Not by the framework's own sentence, which tells the address back. */
function unknownFile(): RejectedError {
  return new RejectedError('no-such-file', 'The page has no such file: load it again', { status: 404 });
}
