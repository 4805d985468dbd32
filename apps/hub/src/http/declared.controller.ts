import { Body, Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  exportSchema,
  fleetApplyRequestSchema,
  fleetPlanSchema,
  fleetStatusSchema,
  type FleetExport,
  type FleetPlan,
  type FleetStatus,
} from '#contract';
import { FleetKeeper } from '../declared/fleet-keeper.js';
import { FleetPass } from '../declared/fleet-pass.js';
import { FleetReader } from '../declared/fleet-reader.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { audit } from './audit.js';
import { Command, CommandParam, type CommandRequest } from './commands/command.js';
import { CommandWork } from './commands/command-work.js';

/** The fleet as Git declares it. */
@ApiTags('declared')
@Controller('api/v1')
export class DeclaredFleetController {
  constructor(
    private readonly reader: FleetReader,
    private readonly pass: FleetPass,
    private readonly work: CommandWork,
    private readonly keeper: FleetKeeper,
  ) {}

  /** Which commit is applied, what is in the way of the newest, and what people changed by hand since. */
  @Get('declared')
  @Permit('viewer', 'hub')
  @Answers(fleetStatusSchema)
  status(): Promise<FleetStatus> {
    return this.reader.status();
  }

  /** What applying the newest commit would do: it is done, told, and undone. */
  @Get('declared/plan')
  @Permit('viewer', 'hub')
  @Answers(fleetPlanSchema)
  async plan(@CallerParam() caller: Caller): Promise<FleetPlan> {
    const wanted = await this.pass.read(await this.reader.fleet());
    const request: CommandRequest = { caller, dryRun: true, request: () => '' };
    return this.work.run(request, async (unit) => {
      const { plan } = await this.pass.run(unit, wanted, { accept: false, plan: true });
      return { answer: plan };
    });
  }

  /** Makes everything what the newest commit declares, and puts back what was changed by hand. */
  @Post('declared/apply')
  @Command('admin', 'hub', fleetPlanSchema)
  async apply(
    @Body({ schema: fleetApplyRequestSchema }) { acceptDeletions, reason }: z.output<typeof fleetApplyRequestSchema>,
    @CommandParam() request: CommandRequest,
  ): Promise<FleetPlan> {
    const fleet = await this.reader.fleet();
    const wanted = await this.pass.read(fleet);
    return this.work.run(request, async (unit, now) => {
      const { plan, after } = await this.pass.run(unit, wanted, { accept: acceptDeletions });
      const { caller } = request;
      const detail = { revision: plan.revision, changes: plan.changes.length };
      await audit(unit, { now, caller }, 'fleet.apply', `Fleet/${fleet.name}`, { reason, detail });
      return {
        answer: plan,
        after: async () => {
          await after();
          await this.keeper.tell([]);
        },
      };
    });
  }

  /** Everything that documents can declare. */
  @Get('export')
  @Permit('viewer', 'hub')
  @Answers(exportSchema)
  export(): Promise<FleetExport> {
    return this.reader.export();
  }
}
