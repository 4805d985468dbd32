import { Controller, Get, Header, HttpCode, Inject } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RetryableError, type Metrics } from '#kit';
import type { HubBus, Store } from '#ports';
import { HUB_BUS, METRICS, STORE } from '../parts.js';
import { TrustReader } from '../trust/trust-reader.js';
import { Permit } from './access/permit.js';

/** For whoever runs the hub: is it alive, is it ready, how does it do. */
@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(
    @Inject(STORE) private readonly store: Store,
    @Inject(HUB_BUS) private readonly bus: HubBus,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly trust: TrustReader,
  ) {}

  @Get('healthz')
  @HttpCode(200)
  @Permit('public')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('readyz')
  @HttpCode(200)
  @Permit('public')
  async ready(): Promise<{ status: 'ok' }> {
    await this.store.ping();
    if (!this.bus.connected()) throw new RetryableError('bus-unavailable', 'The hub has no connection to NATS');
    // To nobody in particular: not which key, nor where it should be.
    if ((await this.trust.hold()) !== null) {
      throw new RetryableError('signer-unavailable', 'The hub can not sign: an admin sees why with `flotilla trust`');
    }
    return { status: 'ok' };
  }

  @Get('metrics')
  @Permit('viewer', 'hub')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  text(): Promise<string> {
    return this.metrics.text();
  }
}
