import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  historyLineSchema,
  receiptViewSchema,
  replayAnswerSchema,
  type ReceiptView,
  type ReplayAnswer,
} from '#contract';
import { CallerParam, Permit, type Caller } from './access/permit.js';
import { Answers } from './answers.js';
import { HistoryExport } from './history-export.js';
import { PastReader } from './past-reader.js';
import { ReceiptReader } from './receipt-reader.js';
import { RolloutReader } from './rollout-reader.js';

const idSchema = z.string().min(1).max(80);

/** What is left of a rollout: its history, its receipt, and the proof that the one leads to the other. */
@ApiTags('rollouts')
@Controller('api/v1/rollouts/:id')
export class RolloutHistoryController {
  constructor(
    private readonly reader: RolloutReader,
    private readonly past: PastReader,
    private readonly receipts: ReceiptReader,
    private readonly exports: HistoryExport,
  ) {}

  /** Of a rollback: what every cluster runs now by its agent's own word, and who did not go back, and why. */
  @Get('receipt')
  @Permit('viewer', { rollout: 'id' })
  @Answers(receiptViewSchema)
  receipt(@Param('id', { schema: idSchema }) id: string, @CallerParam() { scopes }: Caller): Promise<ReceiptView> {
    return this.receipts.receipt(id, scopes);
  }

  /** Everything that happened to it, oldest first, one JSON object a line. */
  @Get('history')
  @Permit('viewer', { rollout: 'id' })
  @Answers(historyLineSchema)
  @ApiProduces('application/x-ndjson')
  @Header('content-type', 'application/x-ndjson; charset=utf-8')
  async history(@Param('id', { schema: idSchema }) id: string): Promise<StreamableFile> {
    const { rollout } = await this.reader.find(id);
    return new StreamableFile(this.exports.lines(rollout.id), { type: 'application/x-ndjson; charset=utf-8' });
  }

  /** Takes every logged step again and compares what comes of it with what is stored, byte for byte. */
  @Get('replay')
  @Permit('viewer', { rollout: 'id' })
  @Answers(replayAnswerSchema)
  replay(@Param('id', { schema: idSchema }) id: string): Promise<ReplayAnswer> {
    return this.past.verify(id);
  }
}
