import { assertNever, type GateSpec } from '#domain';
import { boundedRequest, NoAnswer, type OutboundRules } from '#kit';
import { judgeMetric, type GateAnswer } from './judge-metric.js';

/** For an answer as a whole. */
const TIMEOUT_MS = 10_000;
/** Of a query's answer: a hundred series with many labels fit. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What a webhook is told. */
export interface GateQuestion {
  readonly application: string;
  /** `<application>-<number>`. */
  readonly rollout: string;
  readonly release: number;
  readonly revision?: string;
  /** The wave's name. */
  readonly wave: string;
  readonly when: 'before' | 'after';
  /** The gate's name. */
  readonly gate: string;
  /** How many clusters the wave has. */
  readonly clusters: number;
}

export interface AskTerms {
  /** Whether gates may be on this machine or its link. */
  readonly allowLocal: boolean;
  /** The hub stops. */
  readonly signal: AbortSignal;
  /** 10 s unless told. */
  readonly timeoutMs?: number;
}

/** Asks a webhook or metric gate once. Never rejects: whatever goes wrong is no data. */
export async function askGate(gate: GateSpec, question: GateQuestion, terms: AskTerms): Promise<GateAnswer> {
  try {
    switch (gate.type) {
      case 'webhook':
        return await askWebhook(gate.url, question, terms);
      case 'metric':
        return await askMetric(gate, terms);
      case 'approval':
      case 'schedule':
        return { outcome: 'noData', message: `a gate of type ${gate.type} is not asked` };
      default:
        return assertNever(gate);
    }
  } catch (error) {
    // A library's own words might hold what stands in the URL.
    return { outcome: 'noData', message: error instanceof NoAnswer ? error.message : 'it could not be asked' };
  }
}

function requestTerms({ allowLocal, signal, timeoutMs = TIMEOUT_MS }: AskTerms) {
  const rules: OutboundRules = { allowLocal, setting: 'FLOTILLA_GATES_ALLOW_LOCAL' };
  return { rules, signal, timeoutMs };
}

/** Any 2xx opens; all else only does not open yet. */
async function askWebhook(url: string, question: GateQuestion, terms: AskTerms): Promise<GateAnswer> {
  const body = JSON.stringify(question);
  const { status } = await boundedRequest({ ...requestTerms(terms), method: 'POST', url, body, maxBytes: 0 });
  const message = `${new URL(url).host} answered ${status}`;
  return { outcome: status >= 200 && status < 300 ? 'success' : 'noData', message };
}

async function askMetric(gate: Extract<GateSpec, { type: 'metric' }>, terms: AskTerms): Promise<GateAnswer> {
  const url = new URL(gate.url);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/query`;
  url.search = new URLSearchParams({ query: gate.query }).toString();
  const { status, body } = await boundedRequest({
    ...requestTerms(terms),
    method: 'GET',
    url: url.href,
    maxBytes: MAX_ANSWER_BYTES,
  });
  // Prometheus tells a bad query by 400 and a body that says so.
  if (status !== 200 && status !== 400 && status !== 422) {
    return { outcome: 'noData', message: `${url.host} answered ${status}` };
  }
  return judgeMetric(body, gate.successCondition);
}
