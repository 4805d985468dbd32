import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type ControlPlane, startControlPlane } from '#control-plane';
import type { AgentReport } from '#domain';
import { openHttpKube } from '#kube';
import type { Kube } from '#ports';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import { TinyHub } from '../agent/tiny-hub.js';
import { createNamespace, type TestNamespace } from '../kubernetes/control-plane/with-namespace.js';
import { AuditLog } from './audit-log.js';
import { ClusterAgent } from './cluster-agent.js';
import { CountingProxy } from './counting-proxy.js';
import { say } from './machine.js';
import { sampleApplication } from './sample-application.js';

/** A sample that was assigned. */
export interface Installed {
  readonly application: string;
  readonly namespace: string;
  readonly objects: number;
}

export const AGENT_USER = 'system:serviceaccount:flotilla-system:flotilla-agent';
const ADMIN = 'admin';

/** A real control plane with its audit log, a real nats-server, a hub as far as agents know one, and the agent's process. */
export class BenchCluster {
  private constructor(
    readonly folder: string,
    readonly plane: ControlPlane,
    readonly audit: AuditLog,
    readonly kube: Kube,
    readonly hub: TinyHub,
    readonly wire: CountingProxy,
    readonly agent: ClusterAgent,
    private readonly broker: RealBroker,
  ) {}

  static async open(): Promise<BenchCluster> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-bench-'));
    const { log, flags } = AuditLog.prepare(folder, [AGENT_USER, ADMIN]);
    say('starting a Kubernetes control plane; where its programs are missing, Go builds them, in about five minutes');
    const plane = await startControlPlane({ folder: path.join(folder, 'plane'), name: 'bench', apiServerFlags: flags });
    const broker = await RealBroker.open();
    const wire = await CountingProxy.open(Number(new URL(broker.nats.url).port));
    const nats = { urls: [`tls://127.0.0.1:${wire.port}`], ca: broker.certificates.caPem };
    const hub = await TinyHub.start(await broker.openHub(), nats);
    hub.credentialSeconds = 24 * 3600;
    const access = { token: plane.adminToken, ca: readFileSync(plane.caFile, 'utf8') };
    const kube = openHttpKube({ url: plane.url, access });
    const agent = await ClusterAgent.install(plane, { url: hub.url, token: hub.token }, path.join(folder, 'agent'));
    return new BenchCluster(folder, plane, log, kube, hub, wire, agent, broker);
  }

  /** Assigns a sample and waits until it is healthy. */
  async install(application: string, objects: number): Promise<Installed> {
    const { name } = await this.namespace(application);
    const installed = { application, namespace: name, objects };
    await this.update(installed, '1');
    return installed;
  }

  /** With another version in one of its objects, or in all of them. */
  async update({ application, namespace, objects }: Installed, version: string, isAllNew = false): Promise<void> {
    const { generation } = await this.hub.assign(application, sampleApplication({ objects, version, isAllNew }), {
      namespace,
    });
    await this.healthy(application, generation);
  }

  /** Waits for the report that says so. */
  async healthy(application: string, generation: number): Promise<void> {
    const isSo = (report: AgentReport): boolean => report.generation === generation && report.phase === 'healthy';
    await this.hub.until(application, isSo, 300_000);
  }

  /** Leaves nothing of it, in the agent neither. */
  async uninstall({ application, namespace }: Installed): Promise<void> {
    await this.hub.forget(application);
    await this.remove(namespace);
    await this.agent.stop();
    const records = ['delete', 'secrets', '-n', 'flotilla-system', '-l', `flotilla.dev/record=${application}`];
    await this.plane.kubectl(records);
  }

  async namespace(prefix: string): Promise<TestNamespace> {
    return await createNamespace(this.plane, prefix);
  }

  /** Deletes a namespace and waits until all that was in it is gone. */
  async remove(namespace: string): Promise<void> {
    await this.plane.kubectl(['delete', 'namespace', namespace, '--timeout=180s'], { timeoutMs: 200_000 });
  }

  async close(): Promise<void> {
    await this.agent.close();
    this.kube.close();
    await this.hub.close();
    await this.wire.close();
    await this.broker.close();
    await this.plane.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
