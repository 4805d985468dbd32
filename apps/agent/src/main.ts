import { readFileSync } from 'node:fs';
import { splitNamespaces } from '#contract';
import { configHelp, createLogger, onStopSignal, parseConfig, runMain } from '#kit';
import { inClusterOptions, isInCluster, kubeconfigOptions, openHttpKube } from '#kube';
import type { Agent } from './agent-options.js';
import { type AgentConfig, agentConfigSchema } from './agent.config.js';
import { serveHealth } from './health-server.js';
import { startAgent } from './start-agent.js';
import { AGENT_VERSION } from './version.js';

const help = `flotilla-agent ${AGENT_VERSION}: brings this cluster to what the hub assigns, and keeps it there.

Settings, from the environment:
${configHelp(agentConfigSchema)}
`;

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(help);
    return;
  }
  if (process.argv.includes('--version')) {
    process.stdout.write(`${AGENT_VERSION}\n`);
    return;
  }
  const config = parseConfig(agentConfigSchema, process.env);
  const logger = createLogger({ level: config.logLevel });
  const giveUp = new AbortController();
  let agent: Agent | null = null;
  const health = await serveHealth(config, () => agent !== null);
  const kube = openHttpKube({ ...(await kubeOptions(config)), userAgent: `flotilla-agent/${AGENT_VERSION}` });
  onStopSignal(
    async () => {
      giveUp.abort();
      await agent?.stop();
      kube.close();
      await health.close();
    },
    { onError: (error) => logger.error({ err: error }, 'the agent did not stop as it should') },
  );
  agent = await startAgent({
    kube,
    hub: {
      url: config.hubUrl,
      ...(config.hubCa !== undefined && { ca: config.hubCa }),
      ...(config.joinToken !== undefined && { token: config.joinToken }),
    },
    version: AGENT_VERSION,
    namespace: config.namespace,
    ...(config.namespaces !== undefined && { namespaces: splitNamespaces(config.namespaces) }),
    logger,
    signal: giveUp.signal,
  });
  logger.info({ cluster: agent.cluster, port: health.port, version: AGENT_VERSION }, 'the agent is ready');
}

async function kubeOptions(config: AgentConfig) {
  const { kubeUrl, kubeTokenFile } = config;
  if (kubeUrl !== undefined) {
    const access = () => (kubeTokenFile === undefined ? {} : { token: readFileSync(kubeTokenFile, 'utf8').trim() });
    return { url: kubeUrl, access };
  }
  if (config.kubeconfig === undefined && isInCluster(process.env)) {
    return inClusterOptions({ folder: config.serviceAccountFolder });
  }
  return await kubeconfigOptions({
    ...(config.kubeconfig !== undefined && { file: config.kubeconfig }),
    ...(config.kubeContext !== undefined && { context: config.kubeContext }),
  });
}

await runMain(main);
