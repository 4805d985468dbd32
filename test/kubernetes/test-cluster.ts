import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { InstalledAgent, type ControlPlane } from '#control-plane';
import { eventually } from '../helpers/test-hub.js';
import { type AgentImage } from './installed-agent.js';
import { SHOP_KINDS } from './shop-files.js';

const run = promisify(execFile);

/** As much of an object as tests look at. */
export interface LiveObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager: string }[];
  };
  readonly [field: string]: unknown;
}

/** For a machine without curl, which building and testing do not need otherwise. */
const CURL = `
const [, , flags, option, file, url] = process.argv;
if (flags !== '-fsS' || option !== '--cacert') throw new Error('this stand-in for curl knows -fsS --cacert FILE URL');
require('node:https').get(url, { ca: require('node:fs').readFileSync(file) }, (answer) => {
  if (answer.statusCode === 200) return answer.pipe(process.stdout);
  console.error('curl: (22) The requested URL returned error: ' + answer.statusCode);
  process.exit(22);
});
`;

/** Whether the value has what the pattern has; arrays as long as each other. */
export function isLike(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== 'object' || pattern === null) return value === pattern;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(pattern) && (!Array.isArray(value) || value.length !== pattern.length)) return false;
  const has = value as Record<string, unknown>;
  return Object.entries(pattern).every(([key, wanted]) => isLike(has[key], wanted));
}

/** A cluster that runs the sample application, as a person with kubectl sees it. */
export class TestCluster {
  private constructor(
    readonly plane: ControlPlane,
    readonly agent: InstalledAgent,
  ) {}

  static async open(plane: ControlPlane, image: AgentImage, folder: string): Promise<TestCluster> {
    return new TestCluster(plane, await InstalledAgent.prepare(plane, image, folder));
  }

  /** What it prints; rejects with what it complains of. */
  async kubectl(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.plane.kubectl(words);
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Pastes a line into a shell whose kubectl points at this cluster, and tells what it printed. */
  async paste(line: string): Promise<string> {
    const { kubeconfigPath, kubectlPath } = this.plane;
    const home = path.dirname(kubeconfigPath);
    const standIns = path.join(home, 'stand-ins');
    mkdirSync(standIns, { recursive: true });
    writeFileSync(path.join(standIns, 'curl'), `#!${process.execPath}\n${CURL}`, { mode: 0o755 });
    const env = {
      PATH: [path.dirname(kubectlPath), process.env['PATH'], standIns].join(':'),
      KUBECONFIG: kubeconfigPath,
      HOME: home,
    };
    const { stdout } = await run('bash', ['-c', `set -o pipefail; ${line}`], { env, timeout: 60_000 });
    return stdout;
  }

  /** Every object that bears the application's label, by `Kind/name`; a generated name without its suffix. */
  async shop(): Promise<ReadonlyMap<string, LiveObject>> {
    const owned = ['-A', '-l', 'flotilla.dev/application=shop', '--show-managed-fields'];
    const { items } = JSON.parse(await this.kubectl('get', SHOP_KINDS, ...owned, '-o', 'json')) as {
      items: LiveObject[];
    };
    return new Map(items.map((item) => [`${item.kind}/${item.metadata.name.replace(/^(web-env)-.*/, '$1')}`, item]));
  }

  /** The resource version of each object of the application. */
  async versions(): Promise<Readonly<Record<string, string>>> {
    const objects = [...(await this.shop())];
    return Object.fromEntries(objects.map(([key, { metadata }]) => [key, metadata.resourceVersion]));
  }

  /** The same, once its controllers have said the last of what there is to say (a Pod that ends late moves its Deployment's status). */
  settledVersions(): Promise<Readonly<Record<string, string>>> {
    const ask = async () => {
      const before = await this.versions();
      const pods = await this.kubectl(
        'get',
        'pods',
        '-n',
        'shop',
        '-o',
        'jsonpath={.items[*].metadata.deletionTimestamp}',
      );
      await sleep(1_000);
      return { before, now: await this.versions(), ending: pods };
    };
    const isSettled = ({ before, now, ending }: Awaited<ReturnType<typeof ask>>): boolean =>
      ending === '' && isLike(now, before) && isLike(before, now);
    return eventually('the application settled', ask, isSettled, 60_000).then(({ now }) => now);
  }

  /** The versions that the generated settings are there for. */
  async webEnvs(): Promise<readonly string[]> {
    const { items } = JSON.parse(await this.kubectl('get', 'configmaps', '-n', 'shop', '-o', 'json')) as {
      items: { data?: { VERSION?: string } }[];
    };
    return items.flatMap(({ data }) => data?.VERSION ?? []).sort();
  }

  /** Those of the named objects that are there. */
  async names(namespace: string, ...objects: string[]): Promise<readonly string[]> {
    const out = await this.kubectl('get', ...objects, '-n', namespace, '--ignore-not-found', '-o', 'name');
    return out.split('\n').filter((line) => line !== '');
  }

  /** Ends the agent as a kubelet does, then all the rest. */
  async close(): Promise<void> {
    await this.agent.kill('SIGTERM');
    await this.agent.close();
    await this.plane.stop();
  }
}
