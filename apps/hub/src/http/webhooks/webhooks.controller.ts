import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import {
  deliveryAnswerSchema,
  nameSchema,
  pageOf,
  webhookAnswerSchema,
  webhookRequestSchema,
  webhookViewSchema,
  type DeliveryAnswer,
  type WebhookAnswer,
  type WebhookRequest,
  type WebhookView,
} from '#contract';
import { RejectedError } from '#kit';
import type { Clock, Store, StoredWebhook } from '#ports';
import { CLOCK, SETTINGS, STORE, type HubSettings } from '../../parts.js';
import { CallerParam, Permit, type Caller } from '../access/permit.js';
import { Answers } from '../answers.js';
import { audit } from '../audit.js';
import { iso, isoField } from '../views/time.js';
import { WebhookDoor } from './webhook-door.js';

/** Doors at which Git hosts tell of pushes. */
@ApiTags('sources')
@Controller('api/v1/webhooks')
export class WebhooksController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly door: WebhookDoor,
  ) {}

  @Get()
  @Permit('operator', 'hub')
  @Answers(pageOf(webhookViewSchema))
  async list(): Promise<{ items: WebhookView[] }> {
    return { items: (await this.store.read.webhooks.list()).map((stored) => this.view(stored)) };
  }

  /** Makes one; its secret is in the answer and nowhere else. */
  @Post()
  @Permit('admin', 'hub')
  @Answers(webhookAnswerSchema)
  add(
    @Body({ schema: webhookRequestSchema }) { name, provider, reason }: WebhookRequest,
    @CallerParam() caller: Caller,
  ): Promise<WebhookAnswer> {
    const now = this.clock.now();
    const { secret, sealed } = this.door.newSecret(name);
    return this.store.transact(async (unit) => {
      const webhook = await unit.webhooks.add({ name, provider, sealed, at: now, by: caller.actor });
      if (webhook === null) {
        throw new RejectedError(
          'name-taken',
          `name: a webhook named ${name} exists already: choose another name, or rotate its secret`,
          { status: 409 },
        );
      }
      await audit(unit, { now, caller }, 'webhook.add', `Webhook/${name}`, { reason, detail: { provider } });
      return { webhook: this.view(webhook), secret };
    });
  }

  /** A new secret; the one before ends at once. */
  @Post(':name/secret')
  @HttpCode(200)
  @Permit('admin', 'hub')
  @Answers(webhookAnswerSchema)
  rotate(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<WebhookAnswer> {
    const now = this.clock.now();
    const { secret, sealed } = this.door.newSecret(name);
    return this.store.transact(async (unit) => {
      const webhook = await unit.webhooks.rotate(name, sealed, now);
      if (webhook === null) throw notFound(name);
      await audit(unit, { now, caller }, 'webhook.rotate', `Webhook/${name}`);
      return { webhook: this.view(webhook), secret };
    });
  }

  @Delete(':name')
  @HttpCode(204)
  @Permit('admin', 'hub')
  async remove(@Param('name', { schema: nameSchema }) name: string, @CallerParam() caller: Caller): Promise<void> {
    await this.store.transact(async (unit) => {
      if (!(await unit.webhooks.remove(name))) throw notFound(name);
      await audit(unit, { now: this.clock.now(), caller }, 'webhook.delete', `Webhook/${name}`);
    });
  }

  /** What a Git host tells; the signature over the body is its credential. */
  @Post(':name')
  @HttpCode(202)
  @Permit('public')
  @Answers(deliveryAnswerSchema)
  deliver(
    @Param('name', { schema: nameSchema }) name: string,
    @Req() request: RawBodyRequest<FastifyRequest>,
  ): Promise<DeliveryAnswer> {
    const delivery = { headers: request.headers, body: request.rawBody ?? new Uint8Array() };
    return this.door.take(name, delivery, request.ip);
  }

  private view({ name, provider, createdAt, createdBy, changedAt, heardAt }: StoredWebhook): WebhookView {
    return {
      name,
      provider,
      url: `${this.settings.publicUrl}/api/v1/webhooks/${name}`,
      createdAt: iso(createdAt),
      createdBy,
      changedAt: iso(changedAt),
      ...isoField('heardAt', heardAt),
    };
  }
}

function notFound(name: string): RejectedError {
  return new RejectedError('not-found', `Webhook "${name}" does not exist`, { status: 404 });
}
