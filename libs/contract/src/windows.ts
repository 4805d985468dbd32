import { cronProblem, GATE_DEFAULTS, parseDuration, timeZoneProblem, type WindowSpec } from '#domain';
import { z } from 'zod';
import { durationBetween, objectLike } from './primitives.js';

/** Most windows of a wave, or of a gate. */
const MAX_WINDOWS = 20;

const mended = (problem: string): string => (problem.startsWith('must') ? problem : `is refused: ${problem}`);

const cronSchema = z
  .string({ error: 'must be a cron expression in quotes, such as "0 8 * * 1-5"' })
  .superRefine((text, context) => {
    const problem = cronProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: mended(problem) });
  })
  .meta({ id: 'Cron', description: 'Minute, hour, day of month, month, day of week' });

const zoneSchema = z
  .string({
    error: "must be an IANA name such as Europe/Berlin: each cluster's own zone is for the windows of the wave",
  })
  .superRefine((text, context) => {
    const problem = timeZoneProblem(text);
    if (problem !== null) context.addIssue({ code: 'custom', message: mended(problem) });
  })
  .meta({ id: 'TimeZone', description: 'An IANA name such as Europe/Berlin' });

const zoneLabelSchema = z.strictObject({
  label: z
    .string({ error: "must be the key of a label, or of a fact with the prefix fact., that holds each cluster's zone" })
    .min(1, 'must be the key of a label')
    .max(317),
});

const common = {
  /** When it opens. */
  cron: cronSchema,
  /** How long it stays open. */
  duration: durationBetween('1m', '31d'),
};

/** A window of a schedule gate: the same moment for all clusters. */
const gateWindowSchema = z.strictObject(
  {
    ...common,
    timeZone: zoneSchema.optional().describe(`IANA name; ${GATE_DEFAULTS.timeZone} unless told`),
  },
  objectLike('{cron: "0 8 * * 1-5", duration: 9h}'),
);

/** A window of a wave, which each cluster may have in its own time zone. */
const waveWindowSchema = z.strictObject(
  {
    ...common,
    timeZone: z
      .union([zoneSchema, zoneLabelSchema], {
        error: 'must be an IANA name such as Europe/Berlin, or {label: key} for the label that holds it',
      })
      .optional()
      .describe(`IANA name, or the label that holds each cluster's; ${GATE_DEFAULTS.timeZone} unless told`),
  },
  objectLike('{cron: "0 8 * * 1-5", duration: 9h, timeZone: {label: timezone}}'),
);

const listOf = <T extends z.ZodType>(window: T) =>
  z
    .array(window, { error: 'must be a list of windows' })
    .min(1, 'must have at least one window: leave it out to be open always')
    .max(MAX_WINDOWS, `must have at most ${MAX_WINDOWS} windows`);

export const gateWindowsSchema = listOf(gateWindowSchema);

export const waveWindowsSchema = listOf(waveWindowSchema).superRefine((windows, context) => {
  let first: string | undefined;
  windows.forEach(({ timeZone }, index) => {
    if (typeof timeZone !== 'object') return;
    first ??= timeZone.label;
    if (timeZone.label === first) return;
    const message = `must be ${first} as in the windows before it: a cluster has one time zone`;
    context.addIssue({ code: 'custom', path: [index, 'timeZone', 'label'], message });
  });
});

type GateWindow = z.output<typeof gateWindowSchema>;
type WaveWindow = z.output<typeof waveWindowSchema>;

/** With its defaults, and its duration in milliseconds. */
export function toWindow(window: GateWindow): WindowSpec & { readonly timeZone: string };
export function toWindow(window: WaveWindow): WindowSpec;
export function toWindow({ cron, duration, timeZone = GATE_DEFAULTS.timeZone }: WaveWindow): WindowSpec {
  return { cron, durationMs: parseDuration(duration) ?? 0, timeZone };
}
