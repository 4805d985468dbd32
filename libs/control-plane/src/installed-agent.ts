import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#kit';
import { type ControlPlaneAccess } from './control-plane-access.js';
import { createServiceAccountKubeconfig } from './service-account-kubeconfig.js';
import { type WatchedProgram, type WatchedPrograms, watchPrograms } from './watched-programs.js';

const READY_WITHIN_MS = 60_000;

/** What the agent's image is: its command, with the image's files where they are here. */
export interface AgentImage {
  readonly args: readonly string[];
}

/** The arguments of node by which an image starts, as its Dockerfile says; what it has in /agent is in `folder`. */
export function agentCommand(dockerfile: string, folder: string): readonly string[] {
  const words = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile)?.[1] ?? '[]';
  const [program, ...args] = JSON.parse(words) as string[];
  if (program !== 'node') throw new Error(`The image's ENTRYPOINT does not run node: ${words}`);
  return args.map((arg) => arg.replace(/^\/agent\//, `${folder}/`));
}

interface ContainerSpec {
  readonly image: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly secretRef?: { readonly name: string } }[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly livenessProbe?: { readonly httpGet: { readonly path: string; readonly port: number } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: number } };
}

interface PodTemplate {
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly container: ContainerSpec;
}

/**
 * The agent of a manifest that was applied to a cluster whose kubelet runs no containers: we are the kubelet then. Its process gets
 * what the Deployment in the API server says, the token of that Deployment's service account, and nothing else.
 */
export class InstalledAgent {
  private program: WatchedProgram | undefined;

  private constructor(
    private readonly plane: ControlPlaneAccess,
    private readonly image: AgentImage,
    private readonly folder: string,
    private readonly programs: WatchedPrograms,
  ) {}

  static async prepare(plane: ControlPlaneAccess, image: AgentImage, folder: string): Promise<InstalledAgent> {
    mkdirSync(folder, { recursive: true });
    return new InstalledAgent(plane, image, folder, await watchPrograms(folder));
  }

  get log(): string {
    const file = path.join(this.folder, 'logs/agent.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  get isRunning(): boolean {
    return this.program?.pid !== undefined;
  }

  /** Settles when the readiness probe of the Deployment answers. */
  async start(): Promise<void> {
    const { namespace, serviceAccountName, container } = await this.podTemplate();
    await this.writeToken(namespace, serviceAccountName);
    copyFileSync(this.plane.caFile, path.join(this.folder, 'ca.crt'));
    const { readinessProbe, livenessProbe } = container;
    if (!readinessProbe || !livenessProbe) throw new Error("The agent's Deployment has no probes");
    // A Pod has its ports for itself. Here two agents share one address, so the one that the probe asks becomes another.
    const port = await freePort();
    const declared = await this.containerEnv(namespace, container);
    const own: Record<string, string> = {};
    for (const [name, value] of Object.entries(declared)) {
      own[name] = value === String(readinessProbe.httpGet.port) ? String(port) : value;
    }
    const { hostname, port: apiPort } = new URL(this.plane.url);
    const fromKubelet = {
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: apiPort,
      FLOTILLA_SERVICE_ACCOUNT_FOLDER: this.folder,
      FLOTILLA_AGENT_HOST: '127.0.0.1',
    };
    const env = { ...own, ...fromKubelet };
    const program = await this.programs.start('agent', process.execPath, this.image.args, env);
    this.program = program;
    const deadline = performance.now() + READY_WITHIN_MS;
    for (const probe of [livenessProbe, readinessProbe]) {
      while (!(await answers(`http://127.0.0.1:${port}${probe.httpGet.path}`))) {
        if (program.pid === undefined || performance.now() > deadline) {
          throw new Error(`The agent does not answer at ${probe.httpGet.path}:\n${this.log.slice(-3000)}`);
        }
        await sleep(25);
      }
    }
  }

  /** As a kubelet does it before the hour of a token is over. */
  async renewToken(): Promise<void> {
    const { namespace, serviceAccountName } = await this.podTemplate();
    await this.writeToken(namespace, serviceAccountName);
  }

  /** SIGKILL unless told. */
  async kill(signal?: NodeJS.Signals): Promise<void> {
    await this.program?.kill(signal);
  }

  close(): Promise<void> {
    return this.programs.close();
  }

  /** The one Deployment that the manifest made. */
  async podTemplate(): Promise<PodTemplate> {
    const label = 'app.kubernetes.io/part-of=flotilla';
    const { items } = await this.read<{
      items: {
        metadata: { namespace: string };
        spec: { template: { spec: { serviceAccountName: string; containers: ContainerSpec[] } } };
      }[];
    }>(['deployments', '-A', '-l', label]);
    const [deployment] = items;
    const [container, ...others] = deployment?.spec.template.spec.containers ?? [];
    if (!deployment || !container || items.length > 1 || others.length > 0) {
      throw new Error('The manifest must have made one Deployment with one container');
    }
    const { serviceAccountName } = deployment.spec.template.spec;
    return { namespace: deployment.metadata.namespace, serviceAccountName, container };
  }

  private async writeToken(namespace: string, name: string): Promise<void> {
    const { token } = await createServiceAccountKubeconfig(this.plane, { namespace, name }, this.folder);
    writeFileSync(path.join(this.folder, 'token'), token);
  }

  /** As a kubelet puts it together: what a container sets itself wins. */
  private async containerEnv(namespace: string, container: ContainerSpec): Promise<Record<string, string>> {
    const env: Record<string, string> = {};
    for (const { secretRef } of container.envFrom ?? []) {
      if (!secretRef) throw new Error('Only Secrets are read here; teach this the other kinds of envFrom');
      const { data } = await this.read<{ data: Record<string, string> }>(['secret', secretRef.name, '-n', namespace]);
      for (const [name, value] of Object.entries(data)) env[name] = Buffer.from(value, 'base64').toString('utf8');
    }
    for (const { name, value } of container.env ?? []) {
      if (value === undefined) throw new Error(`Only plain values are read here; ${name} has none`);
      env[name] = value;
    }
    return env;
  }

  private async read<T>(what: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.plane.kubectl(['get', ...what, '-o', 'json']);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status === 200;
}
