import { Body, Controller, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { commandAnswerSchema, liftRequestSchema, nameSchema, startRequestSchema, type CommandAnswer } from '#contract';
import { Command, CommandParam, type CommandRequest } from './commands/command.js';
import { RolloutCommands } from './commands/rollout-commands.js';

/** An application's releases on their way out. */
@ApiTags('rollouts')
@Controller('api/v1/applications/:name')
export class ReleasingController {
  constructor(private readonly commands: RolloutCommands) {}

  /** Rolls out a release: the newest, or the one named. */
  @Post('rollouts')
  @Command('operator', commandAnswerSchema)
  start(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: startRequestSchema }) body: z.output<typeof startRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.start(name, request, body);
  }

  /** Lets a barred release be rolled out again. */
  @Post('lift')
  @Command('operator', commandAnswerSchema)
  lift(
    @Param('name', { schema: nameSchema }) name: string,
    @Body({ schema: liftRequestSchema }) { release, reason }: z.output<typeof liftRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<CommandAnswer> {
    return this.commands.take(name, request, { type: 'lift', release, reason });
  }
}
