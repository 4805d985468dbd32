import {
  DEFAULT_STRATEGY,
  parseDuration,
  STRATEGY_DEFAULTS,
  WAVE_DEFAULTS,
  type Count,
  type StrategySpec,
  type WaveSpec,
} from '#domain';
import { z } from 'zod';
import { gatesSchema, toGates } from './gates.js';
import {
  atLeastOneSchema,
  countSchema,
  durationBetween,
  nameSchema,
  objectLike,
  selectorSchema,
} from './primitives.js';
import { toWindow, waveWindowsSchema } from './windows.js';

/** Longest that anything is waited for; longer waits are gates. */
const LONGEST = '30d';

const waveSchema = z
  .strictObject(
    {
      name: nameSchema,
      selector: selectorSchema.optional().describe('Everything that earlier waves left unless told'),
      take: atLeastOneSchema.optional().describe('How many of those clusters; all unless told'),
      maxConcurrency: atLeastOneSchema.optional().describe('Clusters in flight at once; 10% unless told'),
      maxFailures: countSchema.optional().describe('Failed clusters that are tolerated; 1% unless told'),
      maxUnreachable: countSchema.optional().describe('Deferred clusters before the wave holds; 20% unless told'),
      ackTimeout: durationBetween('100ms', LONGEST)
        .optional()
        .describe('Assigned, and silent for so long: deferred; 5m unless told'),
      progressDeadline: durationBetween('100ms', LONGEST)
        .optional()
        .describe('From the first report to passed; longer than healthyFor; 10m unless told'),
      healthyFor: durationBetween('0s', LONGEST).optional().describe('Healthy without a break; 30s unless told'),
      soak: durationBetween('0s', LONGEST)
        .optional()
        .describe('All must stay healthy for so long once the last one passed; 0s unless told'),
      before: gatesSchema.optional().describe('Gates that must be open before the wave begins'),
      after: gatesSchema.optional().describe('Gates that must be open before the next wave may begin'),
      windows: waveWindowsSchema.optional().describe('Clusters are begun only while one of these is open for them'),
    },
    objectLike('{name: canary, take: 1}'),
  )
  .superRefine((wave, context) => {
    const healthyFor = parseDuration(wave.healthyFor ?? '') ?? WAVE_DEFAULTS.healthyForMs;
    const deadline = parseDuration(wave.progressDeadline ?? '') ?? WAVE_DEFAULTS.progressDeadlineMs;
    if (deadline <= healthyFor) {
      context.addIssue({
        code: 'custom',
        path: ['progressDeadline'],
        message: 'must be longer than healthyFor, or no cluster could ever pass',
      });
    }
  });

export const strategySpecSchema = z
  .strictObject({
    waves: z.array(waveSchema).min(1, 'must have at least one wave').max(50, 'must have at most 50 waves'),
    onFailure: z.enum(['pause', 'rollback'], { error: 'must be pause or rollback' }).optional(),
    supersede: z.enum(['replace', 'queue'], { error: 'must be replace or queue' }).optional(),
    rollback: z
      .strictObject(
        { maxConcurrency: atLeastOneSchema.optional().describe('Clusters in flight at once; 25% unless told') },
        objectLike('{maxConcurrency: 25%}'),
      )
      .optional(),
    maxDeletions: countSchema
      .optional()
      .describe('Objects that a release may drop from one cluster; 10% unless told, and never less than 3'),
  })
  .superRefine((strategy, context) => {
    const seen = new Set<string>();
    strategy.waves.forEach((wave, index) => {
      if (seen.has(wave.name)) {
        context.addIssue({
          code: 'custom',
          path: ['waves', index, 'name'],
          message: `is the name of an earlier wave too (${wave.name}): names are unique`,
        });
      }
      seen.add(wave.name);
    });
  });

export type StrategyDocumentSpec = z.output<typeof strategySpecSchema>;
type WaveDocument = StrategyDocumentSpec['waves'][number];

/** The engine's strategy from the document: durations in milliseconds, defaults filled in. */
export function toStrategySpec(spec: StrategyDocumentSpec): StrategySpec {
  return {
    onFailure: spec.onFailure ?? STRATEGY_DEFAULTS.onFailure,
    supersede: spec.supersede ?? STRATEGY_DEFAULTS.supersede,
    rollback: { maxConcurrency: countOr(spec.rollback?.maxConcurrency, STRATEGY_DEFAULTS.rollback.maxConcurrency) },
    maxDeletions: countOr(spec.maxDeletions, STRATEGY_DEFAULTS.maxDeletions),
    waves: spec.waves.map(toWaveSpec),
  };
}

function toWaveSpec(wave: WaveDocument): WaveSpec {
  const ms = (text: string | undefined, otherwise: number): number =>
    text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
  const { before = [], after = [], windows = [] } = wave;
  return {
    name: wave.name,
    ...(wave.selector && { selector: wave.selector }),
    ...(wave.take !== undefined && { take: wave.take }),
    maxConcurrency: countOr(wave.maxConcurrency, WAVE_DEFAULTS.maxConcurrency),
    maxFailures: countOr(wave.maxFailures, WAVE_DEFAULTS.maxFailures),
    maxUnreachable: countOr(wave.maxUnreachable, WAVE_DEFAULTS.maxUnreachable),
    ackTimeoutMs: ms(wave.ackTimeout, WAVE_DEFAULTS.ackTimeoutMs),
    progressDeadlineMs: ms(wave.progressDeadline, WAVE_DEFAULTS.progressDeadlineMs),
    healthyForMs: ms(wave.healthyFor, WAVE_DEFAULTS.healthyForMs),
    soakMs: ms(wave.soak, WAVE_DEFAULTS.soakMs),
    ...(before.length > 0 && { before: toGates(before) }),
    ...(after.length > 0 && { after: toGates(after) }),
    ...(windows.length > 0 && { windows: windows.map((window) => toWindow(window)) }),
  };
}

function countOr(value: Count | undefined, otherwise: Count): Count {
  return value ?? otherwise;
}

export { DEFAULT_STRATEGY };
