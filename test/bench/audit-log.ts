import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RejectedError } from '#kit';

/** A request as the API server saw it; times in milliseconds of the system's clock, with their fraction. */
export interface AuditedRequest {
  readonly user: string;
  readonly verb: string;
  readonly uri: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly code: number;
  readonly isDryRun: boolean;
  readonly receivedAt: number;
  /** When its answer was complete; of a watch, when it began. */
  readonly answeredAt: number;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

/** What some users asked of an API server, by its audit log. */
export class AuditLog {
  private offset = 0;
  private rest = '';

  private constructor(private readonly file: string) {}

  /** With the flags that a kube-apiserver needs to write it. Everything else is kept out of the log. */
  static prepare(
    folder: string,
    users: readonly string[],
  ): { readonly log: AuditLog; readonly flags: readonly string[] } {
    const file = `${folder}/audit.log`;
    const policy = `${folder}/audit-policy.json`;
    writeFileSync(file, '');
    const rules = [{ level: 'Metadata', users, omitStages: ['RequestReceived'] }, { level: 'None' }];
    writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
    const flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${file}`, '--audit-log-maxsize=4000'];
    return { log: new AuditLog(file), flags };
  }

  /** What was answered since the last call. */
  read(): readonly AuditedRequest[] {
    const lines = `${this.rest}${this.tail()}`.split('\n');
    this.rest = lines.pop() ?? '';
    return lines.flatMap((line) => (line === '' ? [] : requestOf(JSON.parse(line) as AuditEvent)));
  }

  /** Reads on until there is what is looked for. @throws RejectedError when it does not come. */
  async until<T>(
    what: string,
    find: (requests: readonly AuditedRequest[]) => T | undefined,
    withinMs = 30_000,
  ): Promise<T> {
    const seen: AuditedRequest[] = [];
    for (const end = performance.now() + withinMs; ; await sleep(20)) {
      seen.push(...this.read());
      const found = find(seen);
      if (found !== undefined) return found;
      if (performance.now() > end) throw new RejectedError('bench', `not seen within ${withinMs} ms: ${what}`);
    }
  }

  private tail(): string {
    const { size } = statSync(this.file);
    const bytes = Buffer.alloc(size - this.offset);
    const file = openSync(this.file, 'r');
    try {
      this.offset += readSync(file, bytes, 0, bytes.length, this.offset);
    } finally {
      closeSync(file);
    }
    return bytes.toString('utf8');
  }
}

function requestOf(event: AuditEvent): readonly AuditedRequest[] {
  const { stage, verb, requestURI, user, objectRef, responseStatus } = event;
  // A watch is answered for as long as it lives.
  if (stage !== (verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) return [];
  return [
    {
      user: user.username,
      verb,
      uri: requestURI,
      resource: objectRef?.resource ?? '',
      namespace: objectRef?.namespace ?? '',
      name: objectRef?.name ?? '',
      code: responseStatus?.code ?? 0,
      isDryRun: /[?&]dryRun=/.test(requestURI),
      receivedAt: milliseconds(event.requestReceivedTimestamp),
      answeredAt: milliseconds(event.stageTimestamp),
    },
  ];
}

/** `2026-11-21T19:04:26.123456Z`: Date knows no microseconds. */
function milliseconds(timestamp: string): number {
  const micros = Number(/\.\d{3}(\d{1,3})/.exec(timestamp)?.[1]?.padEnd(3, '0') ?? 0);
  return Date.parse(timestamp) + micros / 1000;
}
