import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  clusterCommandAnswerSchema,
  clusterNameSchema,
  freezeAnswerSchema,
  freezeRequestSchema,
  freezeStateSchema,
  holdRequestSchema,
  rollbacksAnswerSchema,
  rollbacksRequestSchema,
  unfreezeRequestSchema,
  unholdRequestSchema,
  type ClusterCommandAnswer,
  type FreezeAnswer,
  type FreezeState,
  type RollbacksAnswer,
} from '#contract';
import { Permit } from './access/permit.js';
import { Answers } from './answers.js';
import { ClusterHolds } from './commands/cluster-holds.js';
import { Command, CommandParam, type CommandRequest } from './commands/command.js';
import { FleetFreeze } from './commands/fleet-freeze.js';
import { Rollbacks } from './commands/rollbacks.js';

/** What a person does to the whole fleet, to several applications, or to one cluster whatever runs on it. */
@ApiTags('fleet')
@Controller('api/v1')
export class FleetCommandsController {
  constructor(
    private readonly fleet: FleetFreeze,
    private readonly holds: ClusterHolds,
    private readonly rollbacks: Rollbacks,
  ) {}

  @Get('freeze')
  @Permit('viewer', 'anybody')
  @Answers(freezeStateSchema)
  freezeState(): Promise<FreezeState> {
    return this.fleet.state();
  }

  /** Nothing new is assigned and no wave opens; what is in flight goes on, and rollbacks are not touched. */
  @Post('freeze')
  @Command('operator', 'hub', freezeAnswerSchema)
  freeze(
    @Body({ schema: freezeRequestSchema }) body: z.output<typeof freezeRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<FreezeAnswer> {
    return this.fleet.freeze(request, body);
  }

  @Post('unfreeze')
  @Command('operator', 'hub', freezeAnswerSchema)
  unfreeze(
    @Body({ schema: unfreezeRequestSchema }) { reason }: z.output<typeof unfreezeRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<FreezeAnswer> {
    return this.fleet.unfreeze(request, reason);
  }

  /** Takes several applications' releases back at once; each has its own answer. */
  @Post('rollbacks')
  @Command('operator', 'filtered', rollbacksAnswerSchema)
  rollBack(
    @Body({ schema: rollbacksRequestSchema }) body: z.output<typeof rollbacksRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<RollbacksAnswer> {
    return this.rollbacks.take(request, body);
  }

  /** Nothing new is assigned to the cluster, whatever the application, until it is let go. */
  @Post('clusters/:name/hold')
  @Command('operator', { cluster: 'name', whole: true }, clusterCommandAnswerSchema)
  hold(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Body({ schema: holdRequestSchema }) { reason }: z.output<typeof holdRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<ClusterCommandAnswer> {
    return this.holds.hold(name, request, reason);
  }

  @Post('clusters/:name/unhold')
  @Command('operator', { cluster: 'name', whole: true }, clusterCommandAnswerSchema)
  unhold(
    @Param('name', { schema: clusterNameSchema }) name: string,
    @Body({ schema: unholdRequestSchema }) { reason }: z.output<typeof unholdRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<ClusterCommandAnswer> {
    return this.holds.unhold(name, request, reason);
  }
}
