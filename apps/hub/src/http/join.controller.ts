import { Body, Controller, Get, Header, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { dump } from 'js-yaml';
import type { z } from 'zod';
import {
  installQuerySchema,
  joinAnswerSchema,
  joinRequestSchema,
  joinTokenSchema,
  renewRequestSchema,
  splitNamespaces,
  type JoinAnswer,
} from '#contract';
import { agentManifest } from '#kube';
import { RejectedError } from '#kit';
import { Join } from '../installation/join.js';
import { SETTINGS, type HubSettings } from '../parts.js';
import { Permit } from './access/permit.js';
import { Answers } from './answers.js';

/** The doors that an agent uses before it has a credential; each checks its own proof. */
@ApiTags('agents')
@Controller('api/v1')
export class JoinController {
  constructor(
    @Inject(SETTINGS) private readonly settings: HubSettings,
    private readonly joining: Join,
  ) {}

  @Post('join')
  @HttpCode(200)
  @Permit('public')
  @Answers(joinAnswerSchema)
  join(@Body({ schema: joinRequestSchema }) body: z.output<typeof joinRequestSchema>): Promise<JoinAnswer> {
    return this.joining.join(body);
  }

  @Post('renew')
  @HttpCode(200)
  @Permit('public')
  @Answers(joinAnswerSchema)
  renew(@Body({ schema: renewRequestSchema }) body: z.output<typeof renewRequestSchema>): Promise<JoinAnswer> {
    return this.joining.renew(body);
  }

  /**
   * The agent's manifest for kubectl. The token in the address is the credential; fetching does not spend it. How far the agent's
   * rights go is whoever's who applies it, so the address may say it.
   */
  @Get('install/:token')
  @Permit('public')
  @Header('content-type', 'application/yaml; charset=utf-8')
  @Header('cache-control', 'no-store')
  async install(
    @Param('token') token: string,
    @Query({ schema: installQuerySchema }) { namespaces }: z.output<typeof installQuerySchema>,
  ): Promise<string> {
    // A malformed token must not be echoed in an error that names it.
    if (!joinTokenSchema.safeParse(token).success) {
      throw new RejectedError('token-unknown', 'The address holds no join token', { status: 404 });
    }
    const cluster = await this.joining.clusterOfToken(token);
    const objects = agentManifest({
      hubUrl: this.settings.publicUrl,
      caPem: this.settings.caPem,
      token,
      clusterName: cluster.name,
      image: this.settings.agentImage,
      ...(namespaces !== undefined && { namespaces: splitNamespaces(namespaces) }),
    });
    return objects.map((object) => dump(object, { lineWidth: -1, noRefs: true })).join('---\n');
  }

  /** The CA that signed the hub's certificate: public by its nature. */
  @Get('ca')
  @Permit('public')
  @Header('content-type', 'application/x-pem-file')
  ca(): string {
    if (this.settings.caPem === null) {
      throw new RejectedError('no-private-ca', 'A public CA signed the certificate of this hub', { status: 404 });
    }
    return this.settings.caPem;
  }
}
