import { agentNamespacesTextSchema } from '#contract';
import { integerSetting, logLevels, setting, urlSetting } from '#kit';
import { z } from 'zod';

/** All settings of the agent; in a cluster they come from the Secret and the Deployment of its manifest. */
export const agentConfigSchema = z.object({
  hubUrl: setting(urlSetting(['https:', 'http:']), {
    env: 'FLOTILLA_HUB_URL',
    description: 'Address of the hub, https; http is let through for a loopback host alone.',
  }),
  hubCa: setting(
    z.string().includes('-----BEGIN CERTIFICATE-----', { error: 'must be a certificate in PEM' }).optional(),
    {
      env: 'FLOTILLA_HUB_CA',
      description: "PEM of the authority that signed the hub's certificate, where it is not a public one.",
      defaultText: "the system's authorities",
    },
  ),
  joinToken: setting(z.string().max(256).optional(), {
    env: 'FLOTILLA_JOIN_TOKEN',
    description: 'The one-time token of the join; not needed once joined.',
    secret: true,
  }),
  namespace: setting(z.string().max(63).default('flotilla-system'), {
    env: 'FLOTILLA_AGENT_NAMESPACE',
    description: "Namespace of the agent's own Secrets.",
  }),
  namespaces: setting(agentNamespacesTextSchema.optional(), {
    env: 'FLOTILLA_AGENT_NAMESPACES',
    description: 'Namespaces that it is kept to, with commas between them; they must exist.',
    defaultText: 'the whole cluster',
  }),
  serviceAccountFolder: setting(z.string().max(4096).default('/var/run/secrets/kubernetes.io/serviceaccount'), {
    env: 'FLOTILLA_SERVICE_ACCOUNT_FOLDER',
    description: "Where the service account's token and authority are, inside a cluster.",
  }),
  kubeUrl: setting(urlSetting(['https:', 'http:']).optional(), {
    env: 'FLOTILLA_KUBE_URL',
    description: "Address of the cluster's API, in place of the one that is known inside a cluster.",
    defaultText: 'as the cluster tells',
  }),
  kubeTokenFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_KUBE_TOKEN_FILE',
    description: 'File of the bearer token for FLOTILLA_KUBE_URL, read again when it is refused.',
  }),
  kubeconfig: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_KUBECONFIG',
    description: 'A kubeconfig file, outside a cluster.',
    defaultText: 'the service account, or the usual kubeconfig outside a cluster',
  }),
  kubeContext: setting(z.string().max(253).optional(), {
    env: 'FLOTILLA_KUBE_CONTEXT',
    description: "The kubeconfig's context.",
    defaultText: 'the current one',
  }),
  port: setting(integerSetting(0, 65_535).default(8080), {
    env: 'FLOTILLA_AGENT_PORT',
    description: 'Port of /healthz and /readyz; 0: any free one.',
  }),
  host: setting(z.string().max(253).default('0.0.0.0'), {
    env: 'FLOTILLA_AGENT_HOST',
    description: 'Address that /healthz and /readyz listen on.',
  }),
  logLevel: setting(z.enum(logLevels).default('info'), {
    env: 'FLOTILLA_LOG_LEVEL',
    description: 'trace, debug, info, warn, error or silent.',
  }),
});

export type AgentConfig = z.output<typeof agentConfigSchema>;
