import { MAX_RESULTS, meetsCondition } from '#domain';
import { z } from 'zod';

/** What a gate answered, as the engine takes it. */
export interface GateAnswer {
  readonly outcome: 'success' | 'failure' | 'noData';
  /** One sentence for a person, without secrets. */
  readonly message: string;
}

const sample = z.tuple([z.number(), z.string().max(64)]);

const answerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: sample })).max(10_000) }),
      z.object({ resultType: z.literal('scalar'), result: sample }),
      z.object({ resultType: z.literal('matrix') }),
      z.object({ resultType: z.literal('string') }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string().max(100).optional() }),
]);

const noData = (message: string): GateAnswer => ({ outcome: 'noData', message });

/** Numbers shown in a sentence. */
const MOST_SHOWN = 5;

/**
 * Pure: what the answer of Prometheus' `/api/v1/query` says of a condition. Whatever is no number that can be judged is no
 * data, which neither opens a gate nor refuses it.
 */
export function judgeMetric(body: string, successCondition: string): GateAnswer {
  const answer = answerSchema.safeParse(parseJson(body)).data;
  if (!answer) return noData('the answer is not that of a Prometheus query');
  if (answer.status === 'error') {
    return noData(`the query failed${answer.errorType === undefined ? '' : ` (${answer.errorType})`}`);
  }
  const { data } = answer;
  if (data.resultType === 'matrix' || data.resultType === 'string') {
    return noData(`the query answers a ${data.resultType}: it must answer a vector or a scalar`);
  }
  const texts = data.resultType === 'scalar' ? [data.result[1]] : data.result.map(({ value }) => value[1]);
  if (texts.length === 0) return noData('the query found nothing');
  if (texts.length > MAX_RESULTS) {
    return noData(`the query found ${texts.length} series, at most ${MAX_RESULTS} are looked at: aggregate them`);
  }
  const numbers = texts.map(numberOf);
  if (numbers.some(Number.isNaN)) return noData(`the query answered ${shown(texts)}`);
  const judged = meetsCondition(successCondition, numbers);
  if (judged.met === null) return noData(`${shown(texts)} can't be judged: ${judged.why}`);
  return judged.met
    ? { outcome: 'success', message: `${shown(texts)} meets ${successCondition}` }
    : { outcome: 'failure', message: `${shown(texts)} does not meet ${successCondition}` };
}

function shown(texts: readonly string[]): string {
  const [first = ''] = texts;
  if (texts.length === 1) return first;
  return `[${texts.slice(0, MOST_SHOWN).join(', ')}${texts.length > MOST_SHOWN ? ', …' : ''}]`;
}

/** As Prometheus writes them. */
function numberOf(text: string): number {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
