import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  trustFinishRequestSchema,
  trustRotateRequestSchema,
  trustViewSchema,
  type TrustFinishRequest,
  type TrustRotateRequest,
  type TrustView,
} from '#contract';
import { Rotation } from '../trust/rotation.js';
import { TrustKeeper } from '../trust/trust-keeper.js';
import { TrustReader } from '../trust/trust-reader.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';

/** Whom agents believe: the key that signs manifests, and the authorities of what the hub and the bus show. */
@ApiTags('operations')
@Controller('api/v1/trust')
export class TrustController {
  constructor(
    private readonly reader: TrustReader,
    private readonly rotation: Rotation,
    private readonly keeper: TrustKeeper,
  ) {}

  @Get()
  @Permit('viewer', 'hub')
  @Answers(trustViewSchema)
  show(): Promise<TrustView> {
    return this.reader.read();
  }

  /** Makes another key or authority and tells agents of it; it is used once every cluster holds it. */
  @Post('rotate')
  @HttpCode(200)
  @Permit('admin', 'hub')
  @Answers(trustViewSchema)
  async rotate(
    @Body({ schema: trustRotateRequestSchema }) body: TrustRotateRequest,
    @CallerParam() caller: Caller,
  ): Promise<TrustView> {
    await this.rotation.begin(body, caller);
    await this.keeper.settle();
    return this.reader.read();
  }

  /** Goes on without clusters that are waited for; each of them must be joined again. */
  @Post('finish')
  @HttpCode(200)
  @Permit('admin', 'hub')
  @Answers(trustViewSchema)
  async finish(
    @Body({ schema: trustFinishRequestSchema }) body: TrustFinishRequest,
    @CallerParam() caller: Caller,
  ): Promise<TrustView> {
    await this.rotation.finish(body, caller);
    await this.keeper.settle();
    return this.reader.read();
  }
}
