import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  clusterNameSchema,
  diffViewSchema,
  eventsViewSchema,
  nameSchema,
  treeViewSchema,
  type DiffView,
  type EventsView,
  type TreeView,
} from '#contract';
import { CallerParam, Permit, type Caller } from '../access/permit.js';
import { Answers } from '../answers.js';
import { AskAgent } from './ask-agent.js';

/** What only a cluster's agent can tell, asked of it now. */
@ApiTags('clusters')
@Controller('api/v1/clusters/:name/applications/:application')
export class AsksController {
  constructor(private readonly agents: AskAgent) {}

  /** Every object with its sync, health and age, and what it owns down to the pods. */
  @Get('tree')
  @Permit('viewer', { cluster: 'name', application: 'application' })
  @Answers(treeViewSchema)
  tree(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
    @CallerParam() { sees }: Caller,
  ): Promise<TreeView> {
    return this.agents.ask('tree', { cluster: name, application }, sees);
  }

  /** What an apply would change there now; values of Secrets are marks, equal where the values are. */
  @Get('diff')
  @Permit('viewer', { cluster: 'name', application: 'application' })
  @Answers(diffViewSchema)
  diff(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
    @CallerParam() { sees }: Caller,
  ): Promise<DiffView> {
    return this.agents.ask('diff', { cluster: name, application }, sees);
  }

  /** Kubernetes' own events of those objects, oldest first. */
  @Get('events')
  @Permit('viewer', { cluster: 'name', application: 'application' })
  @Answers(eventsViewSchema)
  events(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
    @CallerParam() { sees }: Caller,
  ): Promise<EventsView> {
    return this.agents.ask('events', { cluster: name, application }, sees);
  }
}
