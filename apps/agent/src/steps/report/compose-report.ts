import { MAX_REPORT_BYTES } from '#contract';
import {
  type AgentReport,
  type HealthVerdict,
  isFine,
  type ManifestApplication,
  type ObjectFinding,
  PROTOCOL_VERSION,
  worstOf,
} from '#domain';
import { type ObjectError, type ObjectRef, refTitle } from '#kube';

/** Where an application is on its way to what was asked for. */
export type SyncState =
  /** A generation was taken up: its bundle is fetched, or is being applied. */
  | { readonly kind: 'working' }
  /** What was asked for can't be verified: the former generation goes on. */
  | { readonly kind: 'refused'; readonly message: string }
  /** It could not be applied, and is tried again. */
  | { readonly kind: 'stuck'; readonly errors: readonly ObjectError[]; readonly message?: string }
  | { readonly kind: 'applied' }
  /** Paused hard on its way. */
  | { readonly kind: 'halted'; readonly message: string }
  /** The agent restarted, and has not looked at the cluster yet. */
  | { readonly kind: 'restoring' };

export interface Verdict {
  readonly phase: AgentReport['phase'];
  readonly cause?: 'sync' | 'health';
  readonly message?: string;
  readonly findings: readonly ObjectFinding[];
}

const MOST_FINDINGS = 20;

/** An object that is not as it should be. */
export interface JudgedObject {
  readonly ref: ObjectRef;
  readonly health: HealthVerdict;
  /** What is there was made sure of as it is wanted now: its health is that of this generation. */
  readonly isCurrent?: boolean;
}

/** What is wrong with an application, and what to say of it. */
export function judgeApplication(
  sync: Exclude<SyncState, { kind: 'restoring' }>,
  objects: readonly JudgedObject[],
  /** How many objects are still to be deleted. */
  surplus: number,
  /** Hides what must not leave the cluster; before anything is cut. */
  hide: (text: string) => string = (text) => text,
  /** What of its hooks goes on, or is still to be done. */
  hook?: string,
): Verdict {
  switch (sync.kind) {
    case 'refused':
      return { phase: 'refused', cause: 'sync', message: cut(hide(sync.message), 1024), findings: [] };
    case 'working':
      return { phase: 'progressing', message: hook ?? 'it is being applied', findings: [] };
    case 'halted':
      return { phase: 'progressing', message: cut(hide(sync.message), 1024), findings: [] };
    case 'stuck': {
      const findings = sync.errors.slice(0, MOST_FINDINGS).map((error) => findingOfError(error, hide));
      const own = sync.message === undefined ? sentence(findings, sync.errors.length) : hide(sync.message);
      const message = cut(own, 1024);
      // What nobody's input is at fault for is waited for; the wave's deadline ends that.
      if (sync.errors.length > 0 && sync.errors.every((error) => error.transient)) {
        // What is broken elsewhere does not wait to be told.
        const broken = objects.filter(({ isCurrent, health }) => isCurrent === true && health.status === 'failed');
        if (broken.length > 0) return judgeHealth(broken, surplus, hide, hook);
        return { phase: 'progressing', message, findings };
      }
      return { phase: 'failed', cause: 'sync', message, findings };
    }
    case 'applied':
      return judgeHealth(objects, surplus, hide, hook);
  }
}

function judgeHealth(
  objects: readonly JudgedObject[],
  surplus: number,
  hide: (text: string) => string,
  hook: string | undefined,
): Verdict {
  const bad = objects.filter(({ health }) => !isFine(health.status));
  const worst = worstOf(bad.map(({ health }) => health));
  if (worst === undefined) {
    // Nobody is told that it is healthy before what comes last has gone well.
    if (surplus === 0 && hook !== undefined) return { phase: 'progressing', message: hook, findings: [] };
    if (surplus === 0) return { phase: 'healthy', findings: [] };
    return {
      phase: 'progressing',
      message: `${surplus} objects that are no longer in Git are being deleted`,
      findings: [],
    };
  }
  const sorted = [...bad].sort((a, b) => Number(b.health === worst) - Number(a.health === worst) || rank(b) - rank(a));
  const findings = sorted.slice(0, MOST_FINDINGS).map(({ ref, health }) => finding(ref, health, hide));
  const message = cut(sentence(findings, bad.length), 1024);
  if (worst.status === 'failed') return { phase: 'failed', cause: 'health', message, findings };
  return { phase: 'progressing', message, findings };
}

function rank({ health }: { readonly health: HealthVerdict }): number {
  return health.status === 'failed' ? 2 : health.status === 'missing' ? 1 : 0;
}

function finding(ref: ObjectRef, health: HealthVerdict, hide: (text: string) => string): ObjectFinding {
  const { apiVersion, kind, namespace, name } = ref;
  const { status, reason, message } = health;
  return {
    apiVersion: cut(apiVersion, 253),
    kind: cut(kind, 63),
    ...(namespace !== undefined && { namespace: cut(namespace, 63) }),
    name: cut(name, 253),
    health: status,
    reason: cut(hide(reason), 128),
    message: cut(hide(message), 600),
  };
}

function findingOfError(
  { ref, reason, message, transient }: ObjectError,
  hide: (text: string) => string,
): ObjectFinding {
  return finding(ref, { status: transient ? 'unknown' : 'failed', reason, message }, hide);
}

function sentence(findings: readonly ObjectFinding[], total: number): string {
  const [first] = findings;
  if (first === undefined) return 'it could not be applied';
  const more = total > 1 ? ` (and ${total - 1} more)` : '';
  return `${refTitle(first)}: ${first.message || first.reason}${more}`;
}

/** What no JSON of PostgreSQL's takes: U+0000, and half of a surrogate pair, which a cut may leave. */
const UNSTORABLE = /\u0000|\p{Surrogate}/gu;

/** A text of at most so many characters, fit to be stored. */
export function cut(text: string, limit: number): string {
  const short = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return short.replace(UNSTORABLE, '\uFFFD');
}

export interface ReportInput {
  readonly cluster: string;
  readonly application: string;
  readonly assignment: Pick<ManifestApplication, 'generation' | 'digest'>;
  readonly runs: string;
  readonly verdict: Verdict;
  readonly steadyMs: number;
  readonly breaks: number;
  readonly boot: number;
  readonly seq: number;
  readonly objects: number;
  readonly corrected: number;
  readonly drifted: number;
  /** `Kind namespace/name: path`. */
  readonly fields: readonly string[];
}

/** A report as the hub takes it: each text within its bound, and all of it within MAX_REPORT_BYTES. */
export function composeReport(input: ReportInput): AgentReport {
  const { verdict, corrected, drifted, fields, assignment } = input;
  const { phase, cause, message, findings } = verdict;
  return fitted({
    protocol: PROTOCOL_VERSION,
    cluster: input.cluster,
    application: input.application,
    generation: assignment.generation,
    digest: assignment.digest,
    runs: input.runs,
    phase,
    ...(cause !== undefined && { cause }),
    ...(message !== undefined && message !== '' && { message: cut(message, 1024) }),
    steadyMs: input.steadyMs,
    breaks: input.breaks,
    boot: input.boot,
    seq: input.seq,
    objects: input.objects,
    findings,
    ...((corrected > 0 || drifted > 0) && {
      drift: {
        corrected,
        drifted,
        ...(fields.length > 0 && { fields: fields.slice(0, 20).map((each) => cut(each, 253)) }),
      },
    }),
  });
}

/** Letters of several bytes may make a report too large whose texts are each within bounds: it gets shorter ones, then fewer. */
function fitted(report: AgentReport): AgentReport {
  let fitting = report;
  for (let limit = 256; !fits(fitting) && limit >= 16; limit /= 4) {
    const findings = report.findings.map((each) => ({ ...each, message: cut(each.message, limit) }));
    fitting = { ...report, findings };
  }
  while (!fits(fitting) && fitting.findings.length > 0) {
    fitting = { ...fitting, findings: fitting.findings.slice(0, -1) };
  }
  return fitting;
}

function fits(report: AgentReport): boolean {
  return Buffer.byteLength(JSON.stringify(report)) <= MAX_REPORT_BYTES;
}
