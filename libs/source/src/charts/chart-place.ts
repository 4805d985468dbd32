import { RejectedError } from '#kit';
import type { ChartRepository, ReadCredential } from '#ports';
import { hostOf, parseGitUrl, refused } from '../parse-git-url.js';

/** Where a chart is published, with what lets in there. */
export interface ChartPlace {
  readonly type: ChartRepository['type'];
  /** As it is shown; never holds a secret. */
  readonly shown: string;
  /** `https://host[:port]/path`, without a slash at its end: of the repository, or of the registry with the chart's whole name. */
  readonly base: string;
  /** `host`, or `host:port` where it is not the usual one. */
  readonly host: string;
  /** Of the chart alone: `web`. */
  readonly chart: string;
  /** Name of a chart in its registry: `charts/web`; empty for a repository. */
  readonly name: string;
  /** Null: as anybody. */
  readonly access: ChartAccess | null;
}

/** What lets in at one host. */
export interface ChartAccess {
  /** Value of an `authorization` header. */
  readonly basic: string;
  /** PEM; absent: the authorities that the system trusts. */
  readonly ca?: string;
}

/** As the distribution specification has the name of a repository in a registry. */
const ociName = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const chartName = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;
/** What people write, and where Docker's registry is. */
const dockerHub = new Map([
  ['docker.io', 'registry-1.docker.io'],
  ['index.docker.io', 'registry-1.docker.io'],
]);

/**
 * Reads where a chart is published, and what lets in there.
 * @throws RejectedError `url-refused`, `credential-unfit`; what reading the credential throws
 */
export async function openPlace(repository: ChartRepository, credentials: ReadCredential): Promise<ChartPlace> {
  const place = parsePlace(repository);
  const { credential } = repository;
  return credential === undefined ? place : { ...place, access: await accessTo(place.host, credential, credentials) };
}

/** @throws RejectedError `url-refused` */
export function parsePlace({ type, url, chart }: ChartRepository): ChartPlace {
  const scheme = type === 'oci' ? 'oci' : 'https';
  if (!url.toLowerCase().startsWith(`${scheme}://`)) {
    throw refused(
      type === 'oci'
        ? 'must begin with oci:// for a chart in a registry'
        : 'must begin with https:// for a chart repository: what comes over plain HTTP may be anybody’s',
    );
  }
  // One reader of addresses for all sources: what it lets through, no two programs read as two things.
  const parsed = parseGitUrl(`https${url.slice(scheme.length)}`);
  if (parsed.kind !== 'https') throw refused(`must begin with ${scheme}://`);
  if (parsed.hasPassword || parsed.user !== null) {
    throw refused('holds credentials: take them out, a URL is shown to everybody who may see the source');
  }
  if (parsed.hasMore) throw refused('must not have a query or a fragment: write the version as spec.version');
  const path = parsed.path.replace(/\/+$/, '');
  const host = hostOf(parsed);
  if (type === 'helm') {
    const name = chart ?? '';
    if (!chartName.test(name)) throw refused('is of a chart repository: name the chart in it as spec.chart');
    const base = `https://${host}${path}`;
    return { type, shown: `${base} (chart ${name})`, base, host, chart: name, name: '', access: null };
  }
  const name = path.slice(1);
  if (!ociName.test(name)) throw refused('must name a chart in a registry, in small letters: oci://host/charts/web');
  const registry = dockerHub.get(host) ?? host;
  return {
    type,
    shown: `oci://${host}/${name}`,
    base: `https://${registry}/v2/${name}`,
    host: registry,
    chart: name.slice(name.lastIndexOf('/') + 1),
    name,
    access: null,
  };
}

async function accessTo(host: string, name: string, credentials: ReadCredential): Promise<ChartAccess> {
  const credential = await credentials(name);
  const unfit = (why: string): RejectedError => new RejectedError('credential-unfit', `${why}.`);
  if (credential.kind !== 'https') {
    throw unfit(
      `the credential "${name}" is for ${credential.kind}, and charts are read over https: make one of https`,
    );
  }
  const own = credential.host.toLowerCase().replace(/:443$/, '');
  if ((dockerHub.get(own) ?? own) !== host) {
    throw unfit(
      `the credential "${name}" is for ${credential.host} alone, and spec.url is on ${host}: use another one`,
    );
  }
  const { username, password, ca } = credential;
  const basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return { basic, ...(ca !== undefined && { ca }) };
}
