import { readFileSync } from 'node:fs';
import path from 'node:path';
import { agentCommand, type ControlPlane, InstalledAgent, type ProgramPaths, startControlPlane } from '#control-plane';
import { RejectedError } from '#kit';
import { HubApi } from '../hub-api.js';
import type { DemoClusters } from './demo-clusters.js';
import { DemoKubelet } from './demo-kubelet.js';
import type { OpenClusters } from './open-simulated.js';

const CLUSTERS = [
  { name: 'dev', region: 'eu-central-1' },
  { name: 'staging', region: 'eu-central-1' },
  { name: 'prod', region: 'eu-north-1' },
] as const;

/**
 * Three real control planes, each with the agent that its manifest describes, as a process with that manifest's rights. The programs
 * are built already; see buildControlPlane.
 */
export async function openKubernetesClusters(
  { folder, hub, say, closers }: OpenClusters,
  options: { readonly root: string; readonly programs: ProgramPaths },
): Promise<DemoClusters> {
  const image = {
    args: agentCommand(
      readFileSync(path.join(options.root, 'deploy/images/agent.Dockerfile'), 'utf8'),
      path.join(options.root, 'dist/agent'),
    ),
  };
  const api = new HubApi(hub);
  closers.add(async () => api.close());
  const known = await api.clusters();
  const about = ['Three Kubernetes clusters, each a control plane of its own (nothing runs in their Pods):', ''];
  for (const { name, region } of CLUSTERS) {
    const plane = await say.step(`Starting the Kubernetes cluster ${name}`, async () => {
      const nodeLabels = { 'topology.kubernetes.io/region': region };
      return await startControlPlane({ folder: path.join(folder, name), name, nodeLabels });
    });
    closers.add(() => plane.stop());
    if (await needsInstall(plane, hub.url)) {
      await say.step(`flotilla cluster ${known.has(name) ? 'token' : 'add'} ${name}, and its line`, async () => {
        const token = known.has(name) ? await api.invite(name) : await api.register(name, { env: name });
        say.lines(await applyManifest(plane, await api.manifest(token)));
      });
    }
    const agent = await InstalledAgent.prepare(plane, image, path.join(folder, `${name}-agent`));
    closers.add(() => agent.close());
    const kubelet = new DemoKubelet(plane, agent, (line) => process.stderr.write(`  ${name}: ${line}\n`));
    closers.add(() => kubelet.stop());
    await say.step(`Starting the agent of ${name}`, () => kubelet.start());
    about.push(`  export KUBECONFIG=${plane.kubeconfigPath}`);
  }
  about.push('', `kubectl of their version: ${options.programs.kubectl}`);
  return { count: CLUSTERS.length, about };
}

/** A new hub, or one at another address, which the agent could not reach when it must renew its credential. */
async function needsInstall(plane: ControlPlane, hubUrl: string): Promise<boolean> {
  const template = 'jsonpath={.data.FLOTILLA_HUB_URL}';
  const secret = ['secret', 'flotilla-agent-hub', '-n', 'flotilla-system'];
  const { code, stdout } = await plane.kubectl(['get', ...secret, '--ignore-not-found', '-o', template]);
  return code !== 0 || Buffer.from(stdout, 'base64').toString('utf8') !== hubUrl;
}

async function applyManifest(plane: ControlPlane, manifest: string): Promise<string> {
  const { code, stdout, stderr } = await plane.kubectl(['apply', '-f', '-'], { input: manifest });
  if (code !== 0) throw new RejectedError('demo-install', `kubectl apply of the agent's manifest: ${stderr.trim()}`);
  return stdout;
}
