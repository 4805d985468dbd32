import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { durationSchema } from '#contract';
import { parseDuration } from '#domain';
import { booleanSetting, integerSetting, logLevels, setting, urlListSetting, urlSetting } from '#kit';
import { doorSettings } from './http/doors/doors.config.js';
import { loginSettings } from './http/login/login.config.js';
import { webFolder } from './http/page/web-folder.js';

const duration = (fallback: string) => durationSchema.default(fallback).transform((text) => parseDuration(text) ?? 0);

/** Every setting of the hub, from the environment, parsed once in main.ts. `--help` and the table in the docs come from here. */
export const hubConfigSchema = z.object({
  dataFolder: setting(z.string().min(1).max(4096).default('.flotilla/hub'), {
    env: 'FLOTILLA_DATA',
    description: 'Folder for keys, Git mirrors and the embedded database and bus.',
  }),
  host: setting(z.string().min(1).max(255).default('127.0.0.1'), {
    env: 'FLOTILLA_HOST',
    description: 'Address that the HTTPS API listens on.',
  }),
  port: setting(integerSetting(0, 65_535).default(8443), {
    env: 'FLOTILLA_PORT',
    description: 'Port of the HTTPS API; 0 takes any free one.',
  }),
  publicUrl: setting(urlSetting(['https:', 'http:']).optional(), {
    env: 'FLOTILLA_PUBLIC_URL',
    description: 'Where agents and people reach the hub.',
    defaultText: 'https://HOST:PORT',
  }),
  tlsCertFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_TLS_CERT_FILE',
    description: 'PEM chain of a certificate that a public CA signed; else the hub makes its own CA.',
  }),
  tlsKeyFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_TLS_KEY_FILE',
    description: 'PEM key that goes with FLOTILLA_TLS_CERT_FILE.',
  }),
  databaseUrl: setting(urlSetting(['postgres:', 'postgresql:']).optional(), {
    env: 'DATABASE_URL',
    description: 'PostgreSQL 14 or newer.',
    secret: true,
    defaultText: 'an embedded PostgreSQL in the data folder',
  }),
  migrationsDatabaseUrl: setting(urlSetting(['postgres:', 'postgresql:']).optional(), {
    env: 'MIGRATIONS_DATABASE_URL',
    description: 'The same database as a role that may change its schema.',
    secret: true,
    defaultText: 'DATABASE_URL',
  }),
  secretsKeyFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_SECRETS_KEY_FILE',
    description:
      'Keys that seal what the database keeps of Git credentials: 32 bytes in base64 a line, the first seals.',
    defaultText: 'keys/secrets.key in the data folder',
  }),
  manifestKeyFile: setting(z.string().min(1).max(4096).optional(), {
    env: 'FLOTILLA_MANIFEST_KEY_FILE',
    description:
      'PEM of the Ed25519 keys that sign manifests, kept by somebody else: the first signs, agents are told of the others.',
    defaultText: 'keys/manifest-key.pem in the data folder, which the hub makes and rotates',
  }),
  manifestSigner: setting(z.string().min(1).max(4096).optional(), {
    env: 'FLOTILLA_MANIFEST_SIGNER',
    description: 'A program and its arguments that signs manifests in place of a key file: see docs/trust.md.',
    defaultText: 'none',
  }),
  databasePool: setting(integerSetting(2, 100).default(8), {
    env: 'FLOTILLA_DATABASE_POOL',
    description: 'Most connections to the database.',
  }),
  natsUrl: setting(urlListSetting(['nats:', 'tls:']).optional(), {
    env: 'NATS_URL',
    description:
      'NATS server with the configuration that --nats-configuration prints, or three of them, separated by commas.',
    defaultText: 'an embedded nats-server',
  }),
  natsCaFile: setting(z.string().max(4096).optional(), {
    env: 'NATS_CA_FILE',
    description: 'PEM of the CA that signed the certificate of NATS_URL.',
    defaultText: "the hub's own CA",
  }),
  natsKeysFile: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_NATS_KEYS_FILE',
    description: "The keys that make NATS the hub's own, as the hub writes them; shared by hubs of one NATS.",
    defaultText: 'keys/nats-keys.json in the data folder',
  }),
  natsKeys: setting(z.string().max(4096).optional(), {
    env: 'FLOTILLA_NATS_KEYS',
    description: 'The text of that file, in its place.',
    secret: true,
  }),
  natsHost: setting(z.string().min(1).max(255).default('127.0.0.1'), {
    env: 'FLOTILLA_NATS_HOST',
    description: 'Address that the embedded nats-server listens on.',
  }),
  natsPort: setting(integerSetting(1, 65_535).optional(), {
    env: 'FLOTILLA_NATS_PORT',
    description: 'Port of the embedded nats-server.',
    defaultText: 'that of the last start, else any free one',
  }),
  natsPublicUrl: setting(urlListSetting(['nats:', 'tls:']).optional(), {
    env: 'FLOTILLA_NATS_PUBLIC_URL',
    description: 'Where agents reach NATS; several separated by commas.',
    defaultText: 'NATS_URL, or the embedded server',
  }),
  heartbeatMs: setting(
    duration('60s').refine((ms) => ms >= 500 && ms <= 3_600_000, 'must be between 500ms and 1h'),
    {
      env: 'FLOTILLA_HEARTBEAT',
      description: 'How often agents send a sign of life; a cluster is offline after three and a half of them.',
      defaultText: '60s',
    },
  ),
  agentImage: setting(z.string().min(1).max(512).default('flotilla-agent:0.1.0'), {
    env: 'FLOTILLA_AGENT_IMAGE',
    description: "Reference of the agent's image in the manifest that clusters install.",
  }),
  allowLocalSources: setting(booleanSetting().default(false), {
    env: 'FLOTILLA_ALLOW_LOCAL_SOURCES',
    description: "Whether sources may be folders of the hub's own machine.",
  }),
  sourcesAllowLocalAddresses: setting(booleanSetting().default(false), {
    env: 'FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES',
    description: "Whether sources may be at loopback and link-local addresses; clouds' metadata addresses never are.",
  }),
  gatesAllowLocal: setting(booleanSetting().default(false), {
    env: 'FLOTILLA_GATES_ALLOW_LOCAL',
    description:
      "Whether webhook and metric gates may be at loopback and link-local addresses; clouds' metadata addresses never are.",
  }),
  fleetSource: setting(z.string().min(1).max(2048).optional(), {
    env: 'FLOTILLA_FLEET_SOURCE',
    description: 'URL of the Git repository that declares the fleet, for a hub that knows none yet.',
    defaultText: 'none',
  }),
  fleetRef: setting(z.string().min(1).max(255).optional(), {
    env: 'FLOTILLA_FLEET_REF',
    description: 'Its branch, tag or commit.',
    defaultText: 'main',
  }),
  fleetPath: setting(z.string().min(1).max(512).default('.'), {
    env: 'FLOTILLA_FLEET_PATH',
    description: 'Its folder with the files.',
  }),
  fleetCredential: setting(z.string().min(1).max(63).optional(), {
    env: 'FLOTILLA_FLEET_CREDENTIAL',
    description: 'Name of the credential that it is read with.',
    defaultText: 'none',
  }),
  webFolder: setting(z.string().min(1).max(4096).default(webFolder()), {
    env: 'FLOTILLA_WEB',
    description: 'Folder of the built page.',
    defaultText: 'dist/web of this package',
  }),
  ...loginSettings,
  ...doorSettings,
  renderConcurrency: setting(integerSetting(1, 256).default(availableParallelism()), {
    env: 'FLOTILLA_RENDER_CONCURRENCY',
    description: 'Overlays rendered at once.',
    defaultText: 'the cores',
  }),
  logLevel: setting(z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('info'), {
    env: 'FLOTILLA_LOG_LEVEL',
    description: 'trace, debug, info, warn, error or silent.',
  }),
});

export type HubConfig = z.output<typeof hubConfigSchema>;
