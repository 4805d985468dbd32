import type { ChartSource, GitSource, HubBus, Renderer, Store } from '#ports';
import type { Logger, Metrics } from '#kit';
import type { GitCredentials } from './installation/git-credentials.js';
import type { LoginSettings } from './http/login/login.config.js';
import type { SecretBox } from './installation/secret-box.js';
import type { SteadyClock } from './steps/advance/steady-clock.js';
import type { ManifestSigner } from './steps/assign/manifest-signer.js';
import type { ServedCertificates } from './trust/served-certificates.js';

/** Injection tokens of everything that the composition root hands in: ports and values, no globals. */
export const STORE = Symbol('Store');
export const HUB_BUS = Symbol('HubBus');
export const GIT_SOURCE = Symbol('GitSource');
export const CHART_SOURCE = Symbol('ChartSource');
export const GIT_CREDENTIALS = Symbol('GitCredentials');
export const SECRET_BOX = Symbol('SecretBox');
export const RENDERER = Symbol('Renderer');
export const CLOCK = Symbol('Clock');
export const SIGNER = Symbol('ManifestSigner');
export const CERTIFICATES = Symbol('ServedCertificates');
export const SETTINGS = Symbol('HubSettings');
export const LOGGER = Symbol('Logger');
export const METRICS = Symbol('Metrics');

/** What the hub's modules need to know, resolved from the configuration at start. */
export interface HubSettings {
  /** Where agents and people reach this hub, without a trailing slash. */
  readonly publicUrl: string;
  /** PEM of the CA that signed the hub's certificate; null where a public CA did, or TLS ends before the hub. */
  readonly caPem: string | null;
  /** NATS URLs that agents are told. */
  readonly natsUrls: readonly string[];
  readonly natsCaPem: string;
  readonly heartbeatMs: number;
  /** Reference of the agent's image in the manifest that the hub serves. */
  readonly agentImage: string;
  /** Folder for scratch trees. */
  readonly scratchFolder: string;
  readonly renderConcurrency: number;
  /** Whether webhook and metric gates may be on the hub's own machine or link. */
  readonly gatesAllowLocal: boolean;
  readonly login: LoginSettings;
  /** Where an empty hub finds its fleet declared; absent: nowhere. */
  readonly fleet?: { readonly url: string; readonly ref?: string; readonly credential?: string; readonly path: string };
  /** Folder of the built page; absent where nobody built it. */
  readonly webFolder: string;
}

/** The adapters that a hub runs on. */
export interface HubParts {
  readonly store: Store;
  readonly bus: HubBus;
  readonly git: GitSource;
  readonly charts: ChartSource;
  readonly credentials: GitCredentials;
  readonly box: SecretBox;
  readonly renderer: Renderer;
  readonly clock: SteadyClock;
  readonly signer: ManifestSigner;
  readonly certificates: ServedCertificates;
  readonly settings: HubSettings;
  readonly log: Logger;
  readonly metrics: Metrics;
}
