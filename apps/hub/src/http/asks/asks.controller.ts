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
import { Permit } from '../access/permit.js';
import { Answers } from '../answers.js';
import { AskAgent } from './ask-agent.js';

/** What only a cluster's agent can tell, asked of it now. */
@ApiTags('clusters')
@Controller('api/v1/clusters/:name/applications/:application')
export class AsksController {
  constructor(private readonly agents: AskAgent) {}

  /** Every object with its sync, health and age, and what it owns down to the pods. */
  @Get('tree')
  @Permit('viewer')
  @Answers(treeViewSchema)
  tree(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
  ): Promise<TreeView> {
    return this.agents.ask('tree', name, application);
  }

  /** What an apply would change there now; values of Secrets are marks, equal where the values are. */
  @Get('diff')
  @Permit('viewer')
  @Answers(diffViewSchema)
  diff(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
  ): Promise<DiffView> {
    return this.agents.ask('diff', name, application);
  }

  /** Kubernetes' own events of those objects, oldest first. */
  @Get('events')
  @Permit('viewer')
  @Answers(eventsViewSchema)
  events(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Param('application', { schema: nameSchema }) application: string,
  ): Promise<EventsView> {
    return this.agents.ask('events', name, application);
  }
}
