import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  approveRequestSchema,
  cancelRequestSchema,
  commandAnswerSchema,
  pauseRequestSchema,
  promoteRequestSchema,
  rejectRequestSchema,
  replanRequestSchema,
  resumeRequestSchema,
  retryRequestSchema,
  rollbackRequestSchema,
  skipRequestSchema,
  type CommandAnswer,
} from '#contract';
import { Command, CommandParam, type CommandRequest } from './commands/command.js';
import { RolloutCommands, uidsOf } from './commands/rollout-commands.js';

const idSchema = z.string().min(1).max(80);
type Output<T extends z.ZodType> = z.output<T>;

/** Rollouts steered by a person: each by its id, or by its application's name for the newest. */
@ApiTags('rollouts')
@Controller('api/v1/rollouts/:id')
export class RolloutCommandsController {
  constructor(private readonly commands: RolloutCommands) {}

  /** Nothing new is assigned until it is resumed; `hard`: agents stop before their next object, too. */
  @Post('pause')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  pause(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: pauseRequestSchema }) { hard, reason }: Output<typeof pauseRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'pause', ...(hard && { hard }), reason });
  }

  /** `accept`: with the failed and deferred, and what the release deletes, as they are. */
  @Post('resume')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  resume(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: resumeRequestSchema }) { accept, reason }: Output<typeof resumeRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'resume', ...(accept && { accept }), reason });
  }

  /** A yes for the approval gates of the wave that waits, or of the one named. */
  @Post('approve')
  @Command('approver', { rollout: 'id' }, commandAnswerSchema)
  approve(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: approveRequestSchema }) { wave, plan, reason }: Output<typeof approveRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    const email = request.caller.email ?? undefined;
    return this.commands.take(id, request, { type: 'approve', wave, plan, email, reason });
  }

  /** A no: the rollout holds until somebody resumes it, or takes it back. */
  @Post('reject')
  @Command('approver', { rollout: 'id' }, commandAnswerSchema)
  reject(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: rejectRequestSchema }) { wave, reason }: Output<typeof rejectRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'reject', wave, reason });
  }

  /** Gives clusters up, or what is left of a wave. */
  @Post('skip')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  skip(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: skipRequestSchema }) { clusters, wave, reason }: Output<typeof skipRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    if (clusters === undefined) return this.commands.take(id, request, { type: 'skip', wave, reason });
    const command = async (unit: Parameters<typeof uidsOf>[0]) =>
      ({ type: 'skip', clusters: await uidsOf(unit, clusters, request.caller.sees), reason }) as const;
    return this.commands.take(id, request, command, { clusters: clusters.slice(0, 50) });
  }

  /** Tries the failed and deferred again, or the clusters named. */
  @Post('retry')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  retry(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: retryRequestSchema }) { clusters, reason }: Output<typeof retryRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    if (clusters === undefined) return this.commands.take(id, request, { type: 'retry', reason });
    const command = async (unit: Parameters<typeof uidsOf>[0]) =>
      ({ type: 'retry', clusters: await uidsOf(unit, clusters, request.caller.sees), reason }) as const;
    return this.commands.take(id, request, command, { clusters: clusters.slice(0, 50) });
  }

  /** Ends the present soak now, or opens the schedule gates that the present wave waits at. */
  @Post('promote')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  promote(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: promoteRequestSchema }) { reason }: Output<typeof promoteRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'promote', reason });
  }

  /** Plans the clusters that wait for their turn anew: by their labels of now, and by the strategy as it is declared now. */
  @Post('replan')
  @Command('operator', { rollout: 'id', placement: true }, commandAnswerSchema)
  replan(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: replanRequestSchema }) { reason }: Output<typeof replanRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.replan(id, request, reason);
  }

  /** Takes the release back, running or long ended, by a rollout of its own. */
  @Post('rollback')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  rollback(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: rollbackRequestSchema }) { withoutPrevious, reason }: Output<typeof rollbackRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'rollback', withoutPrevious, reason });
  }

  /** Ends it where it stands; what was not taken up is taken back. */
  @Post('cancel')
  @Command('operator', { rollout: 'id' }, commandAnswerSchema)
  cancel(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: cancelRequestSchema }) { reason }: Output<typeof cancelRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(id, request, { type: 'cancel', reason });
  }
}
