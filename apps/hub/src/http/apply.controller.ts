import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  applyAnswerSchema,
  applyRequestSchema,
  jsonSchemaOf,
  nameSchema,
  RESOURCE_KINDS,
  syncAnswerSchema,
  type ApplyAnswer,
  type SyncAnswer,
} from '#contract';
import { coversPlacement, seesApplication, type Scope } from '#domain';
import { Ingest } from '../steps/ingest/ingest.js';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { ApplyDocuments } from './apply-documents.js';
import { WITHHELD } from './views/resource-view.js';

const kindSchema = z.enum(RESOURCE_KINDS);

/** Several documents at once, and what hangs on them. */
@ApiTags('apply')
@Controller('api/v1')
export class ApplyController {
  constructor(
    private readonly documents: ApplyDocuments,
    private readonly ingest: Ingest,
  ) {}

  @Post('apply')
  @HttpCode(200)
  @Permit('operator', 'filtered')
  @Answers(applyAnswerSchema)
  apply(
    @Body({ schema: applyRequestSchema }) body: z.output<typeof applyRequestSchema>,
    @CallerParam() caller: Caller,
  ): Promise<ApplyAnswer> {
    return this.documents.apply(body.documents, caller, { dryRun: body.dryRun, reason: body.reason });
  }

  /** Looks at a source now; answers when its commit has become releases, or says why it did not. */
  @Post('sources/:name/sync')
  @HttpCode(200)
  @Permit('operator', { source: 'name' })
  @Answers(syncAnswerSchema)
  async sync(
    @Param('name', { schema: nameSchema }) name: string,
    @CallerParam() { sees }: Caller,
  ): Promise<SyncAnswer> {
    return seenOf(await this.ingest.sync(name), sees);
  }

  /** JSON Schema of a kind, for editors. */
  @Get('schemas/:kind')
  @Permit('viewer', 'anybody')
  schema(@Param('kind', { schema: kindSchema }) kind: z.output<typeof kindSchema>): object {
    return jsonSchemaOf(kind);
  }
}

/** Who brings a source up to date hears of the applications that they see; why one can't be rendered may name any of its clusters. */
function seenOf(answer: SyncAnswer, sees: readonly Scope[]): SyncAnswer {
  return {
    ...answer,
    releases: answer.releases.filter(({ application }) => seesApplication(sees, application)),
    errors: answer.errors
      .filter(({ application }) => seesApplication(sees, application))
      .map(({ application, message }) => ({
        application,
        message: coversPlacement(sees, application, null) ? message : WITHHELD,
      })),
  };
}
