import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { dump } from 'js-yaml';
import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import { measureDrift } from './apply-drift.js';
import type { AuditedRequest } from './audit-log.js';
import { AGENT_USER, BenchCluster } from './bench-cluster.js';
import { machine, say } from './machine.js';
import { percentile, round } from './percentile.js';
import { sampleApplication } from './sample-application.js';
import { wholeNumber } from './whole-number.js';

const USAGE = 'Usage: npm run bench -- apply [--objects 500] [--runs 5] [--drifts 21].';
const GOALS = { first: 0.6, unchanged: 0.1, changed: 0.1 } as const;
type Step = keyof typeof GOALS;

/** One side's milliseconds of one step. */
interface Timed {
  readonly ms: number;
  readonly requests?: number;
  /** Until the hub was told that everything is healthy. */
  readonly healthyMs?: number;
}

/**
 * The agent's apply beside `kubectl apply --server-side` of the same objects to the same API server, by turns: of what is new, of
 * what is there already, and with one object changed; then how long a change by somebody else lasts.
 */
export async function run(args: readonly string[]): Promise<object> {
  const options = { objects: { type: 'string' }, runs: { type: 'string' }, drifts: { type: 'string' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const usage = USAGE;
  const objects = wholeNumber(values.objects ?? '500', { least: 19, most: 5_000, usage });
  const runs = wholeNumber(values.runs ?? '5', { least: 1, most: 100, usage });
  // Each is of another object.
  const most = Math.floor(objects / 19) * 3;
  const drifts = wholeNumber(values.drifts ?? String(Math.min(21, most)), { least: 1, most, usage });
  const cluster = await BenchCluster.open();
  try {
    await cluster.agent.start();
    const steps: Record<Step, { kubectl: number[]; agent: Timed[] }> = {
      first: { kubectl: [], agent: [] },
      unchanged: { kubectl: [], agent: [] },
      changed: { kubectl: [], agent: [] },
    };
    const drift: Awaited<ReturnType<typeof measureDrift>>[] = [];
    for (let turn = 1; turn <= runs; turn += 1) {
      const one = await OneRun.open(cluster, turn, objects);
      for (const step of ['first', 'unchanged', 'changed'] as const) {
        const sides = [
          async () => void steps[step].kubectl.push(await one.kubectl(step)),
          async () => void steps[step].agent.push(await one.agent(step)),
        ];
        // Whoever goes first may find the API server warmer, or colder.
        for (const side of turn % 2 === 1 ? sides : sides.reverse()) await side();
        const [kubectl, agent] = [steps[step].kubectl.at(-1) ?? 0, steps[step].agent.at(-1)?.ms ?? 0];
        say(
          `run ${turn}, ${step}: kubectl ${round(kubectl)} ms, agent ${round(agent)} ms, ${round(agent / kubectl, 3)} of it`,
        );
        await one.settle();
      }
      drift.push(await measureDrift(cluster, one.namespaces.agent.name, drifts));
      await one.close();
    }
    const corrected = drift.flatMap((each) => each.correctedMs);
    return {
      bench: 'apply',
      ...machine(),
      objects,
      runs,
      ...Object.fromEntries(Object.entries(steps).map(([name, each]) => [name, figuresOf(name as Step, each)])),
      drift: {
        changes: corrected.length,
        seenMs: summary(drift.flatMap((each) => each.seenMs)),
        correctedMs: summary(corrected),
        goal: 'every correction within 1,000 ms',
      },
    };
  } finally {
    await cluster.close();
  }
}

function figuresOf(
  step: Step,
  { kubectl, agent }: { readonly kubectl: readonly number[]; readonly agent: readonly Timed[] },
) {
  const ratios = agent.map(({ ms }, at) => ms / (kubectl[at] ?? Number.NaN));
  const healthy = agent.flatMap(({ healthyMs }) => healthyMs ?? []);
  return {
    kubectlMs: round(percentile(kubectl, 50)),
    agentMs: round(
      percentile(
        agent.map(({ ms }) => ms),
        50,
      ),
    ),
    // Of each pair, measured one after the other: what else the machine does falls on both.
    ratio: round(percentile(ratios, 50), 3),
    ratios: ratios.map((ratio) => round(ratio, 3)),
    goal: GOALS[step],
    agentRequests: agent.at(-1)?.requests,
    ...(step === 'first' && { agentHealthyMs: round(percentile(healthy, 50)) }),
  };
}

function summary(values: readonly number[]) {
  return { p50: round(percentile(values, 50)), p90: round(percentile(values, 90)), most: round(Math.max(...values)) };
}

/** One application in two namespaces of its own: kubectl's and the agent's. */
class OneRun {
  private version = '1';

  private constructor(
    private readonly cluster: BenchCluster,
    private readonly application: string,
    private readonly size: number,
    readonly namespaces: Readonly<Record<'kubectl' | 'agent', Awaited<ReturnType<BenchCluster['namespace']>>>>,
  ) {}

  static async open(cluster: BenchCluster, turn: number, size: number): Promise<OneRun> {
    const [kubectl, agent] = await Promise.all([cluster.namespace('by-kubectl'), cluster.namespace('by-agent')]);
    const one = new OneRun(cluster, `run-${turn}`, size, { kubectl, agent });
    // Its cache of what the API server serves is warm, as a person's is.
    await one.cluster.plane.kubectl([
      'apply',
      '--server-side',
      '--dry-run=server',
      '-n',
      kubectl.name,
      '-f',
      one.write(),
    ]);
    return one;
  }

  async kubectl(step: Step): Promise<number> {
    if (step === 'changed') this.version = '2';
    const folder = this.write();
    const began = performance.now();
    const words = ['apply', '--server-side', '-n', this.namespaces.kubectl.name, '-f', folder];
    const { code, stderr } = await this.cluster.plane.kubectl(words, { timeoutMs: 600_000 });
    const ms = performance.now() - began;
    if (code !== 0) throw new RejectedError('bench', `kubectl failed: ${stderr.slice(0, 500)}`);
    return ms;
  }

  async agent(step: Step): Promise<Timed> {
    if (step === 'changed') this.version = '2';
    const { hub, audit } = this.cluster;
    const terms = { namespace: this.namespaces.agent.name };
    const assigned = await hub.stage(this.application, this.objects(), terms);
    audit.read();
    const began = performance.timeOrigin + performance.now();
    await hub.publish();
    await this.cluster.healthy(this.application, assigned.generation);
    const healthyMs = performance.timeOrigin + performance.now() - began;
    // What it records after its report counts as well, among the requests.
    await this.settle();
    const requests = audit.read().filter(({ user }) => user === AGENT_USER);
    if (step !== 'first') return { ms: healthyMs, requests: requests.length };
    // As kubectl's: until the last object is applied. Health is the controllers' time.
    return { ms: this.lastWrite(requests) - began, requests: requests.length, healthyMs };
  }

  /** Until nobody is busy any more with what was applied. */
  async settle(): Promise<void> {
    const { kubectl } = this.cluster.plane;
    for (const { name } of Object.values(this.namespaces)) {
      await kubectl(['wait', 'deployments', '--all', '-n', name, '--for=condition=Available', '--timeout=120s'], {
        timeoutMs: 130_000,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }

  async close(): Promise<void> {
    await this.cluster.hub.forget(this.application);
    await Promise.all(Object.values(this.namespaces).map(({ name }) => this.cluster.remove(name)));
  }

  private objects(): readonly JsonObject[] {
    return sampleApplication({ objects: this.size, version: this.version });
  }

  /** The same objects as files, some in each, and the folder of them. */
  private write(): string {
    const folder = path.join(this.cluster.folder, this.application);
    mkdirSync(folder, { recursive: true });
    const objects = this.objects();
    for (let at = 0; at < objects.length; at += 10) {
      const text = objects.slice(at, at + 10).map((each) => dump(each));
      writeFileSync(path.join(folder, `part-${String(at).padStart(5, '0')}.yaml`), text.join('---\n'));
    }
    return folder;
  }

  private lastWrite(requests: readonly AuditedRequest[]): number {
    const { name } = this.namespaces.agent;
    const writes = requests.filter((each) => each.namespace === name && each.verb === 'patch' && !each.isDryRun);
    if (writes.length !== this.size) throw new RejectedError('bench', `the agent wrote ${writes.length} times`);
    return Math.max(...writes.map(({ answeredAt }) => answeredAt));
  }
}
