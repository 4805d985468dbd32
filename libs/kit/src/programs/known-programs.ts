/** A program of others that the product runs, and how to come by it. */
export interface Program {
  /** Of its executable. */
  readonly name: string;
  /** The setting that names one explicitly. */
  readonly setting: string;
  /** Oldest version that will do. */
  readonly minimum: string;
  /** What makes it print its version. */
  readonly versionArguments: readonly string[];
  /** How it is built where it is missing. */
  readonly build: {
    readonly package: string;
    /** Pinned, so that every machine that builds gets the same. */
    readonly version: string;
    readonly minimumGo: string;
    /** Cold, on two cores: told to whoever waits. */
    readonly seconds: number;
  };
}

/** 2.14.3 is the oldest without a known hole that a cluster's own account could use. */
export const natsServer: Program = {
  name: 'nats-server',
  setting: 'FLOTILLA_NATS_SERVER',
  minimum: '2.14.3',
  versionArguments: ['--version'],
  build: { package: 'github.com/nats-io/nats-server/v2', version: '2.15.2', minimumGo: '1.26.0', seconds: 35 },
};

export const kustomize: Program = {
  name: 'kustomize',
  setting: 'FLOTILLA_KUSTOMIZE',
  minimum: '5.4.0',
  versionArguments: ['version'],
  build: { package: 'sigs.k8s.io/kustomize/kustomize/v5', version: '5.8.1', minimumGo: '1.26.0', seconds: 15 },
};

export const helm: Program = {
  name: 'helm',
  setting: 'FLOTILLA_HELM',
  minimum: '4.0.0',
  versionArguments: ['version', '--short'],
  build: { package: 'helm.sh/helm/v4/cmd/helm', version: '4.3.1', minimumGo: '1.26.0', seconds: 110 },
};

export const knownPrograms: readonly Program[] = [natsServer, kustomize, helm];
