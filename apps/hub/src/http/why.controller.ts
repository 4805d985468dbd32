import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { whySchema, type Why } from '#contract';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { WhyClusterReader } from './why-cluster-reader.js';
import { WhyReader } from './why-reader.js';

const nameSchema = z.string().min(1).max(80);

/** One sentence, the evidence, and what a person can do now. */
@ApiTags('fleet')
@Controller('api/v1/why')
export class WhyController {
  constructor(
    private readonly reasons: WhyReader,
    private readonly clusters: WhyClusterReader,
  ) {}

  @Get('rollouts/:name')
  @Permit('viewer', { rollout: 'name' })
  @Answers(whySchema)
  ofRollout(@Param('name', { schema: nameSchema }) name: string): Promise<Why> {
    return this.reasons.ofRollout(name);
  }

  @Get('clusters/:name')
  @Permit('viewer', { cluster: 'name' })
  @Answers(whySchema)
  ofCluster(@Param('name', { schema: nameSchema }) name: string, @CallerParam() { scopes }: Caller): Promise<Why> {
    return this.clusters.ofCluster(name, scopes);
  }

  /** Of one application on a cluster: its sentence there, or why it is not there. */
  @Get('clusters/:name/applications/:application')
  @Permit('viewer', { cluster: 'name', application: 'application' })
  @Answers(whySchema)
  ofPair(
    @Param('name', { schema: nameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
    @CallerParam() { scopes }: Caller,
  ): Promise<Why> {
    return this.clusters.ofPair(name, application, scopes);
  }

  @Get('applications/:name')
  @Permit('viewer', { application: 'name', whole: true })
  @Answers(whySchema)
  ofApplication(@Param('name', { schema: nameSchema }) name: string): Promise<Why> {
    return this.reasons.ofApplication(name);
  }
}
