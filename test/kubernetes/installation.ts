import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ControlPlaneAccess, InstalledAgent } from '#control-plane';
import { agentManifest } from '#kube';
import { RealBroker } from '../../libs/bus/src/real-broker.suite.js';
import { TinyHub } from '../agent/tiny-hub.js';
import { type AgentImage, buildAgentImage } from './installed-agent.js';

const IMAGE = 'registry.example/flotilla-agent:0.1.0';

/** An agent that was installed by its manifest, and what is around it: a hub, a real broker, and us as its kubelet. */
export class Installation {
  private constructor(
    readonly plane: ControlPlaneAccess,
    readonly folder: string,
    readonly hub: TinyHub,
    readonly agent: InstalledAgent,
    private readonly broker: RealBroker,
    private readonly image: AgentImage,
  ) {}

  static async open(plane: ControlPlaneAccess): Promise<Installation> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-installation-'));
    const image = await buildAgentImage();
    const broker = await RealBroker.open();
    const nats = { urls: [broker.nats.url], ca: broker.certificates.caPem };
    const hub = await TinyHub.start(await broker.openHub(), nats);
    const agent = await InstalledAgent.prepare(plane, image, folder);
    return new Installation(plane, folder, hub, agent, broker, image);
  }

  /** As the hub's install address tells it. */
  manifest(namespaces?: readonly string[]): string {
    const objects = agentManifest({
      hubUrl: this.hub.url,
      caPem: null,
      token: this.hub.token,
      clusterName: 'lab',
      image: IMAGE,
      ...(namespaces && { namespaces }),
    });
    return objects.map((object) => JSON.stringify(object)).join('\n---\n');
  }

  async apply(namespaces?: readonly string[]): Promise<void> {
    const { code, stderr } = await this.plane.kubectl(['apply', '-f', '-'], { input: this.manifest(namespaces) });
    if (code !== 0 || stderr !== '') throw new Error(`kubectl apply: ${stderr}`);
  }

  /** What kubectl prints; rejects with what it complains of. */
  async kubectl(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.plane.kubectl(words);
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  async close(): Promise<void> {
    await this.agent.kill('SIGTERM');
    await this.agent.close();
    const clusterWide = ['clusterrole', 'clusterrolebinding', 'namespace'].map((kind) =>
      kind === 'namespace' ? 'namespace/flotilla-system' : `${kind}/flotilla-agent`,
    );
    // Whoever installs the manifest next finds nothing that is still going away.
    await this.plane.kubectl(['delete', '--timeout=60s', '--ignore-not-found', ...clusterWide]);
    await this.hub.close();
    await this.broker.close();
    this.image.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
