import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger, findProgram, helm, kustomize, type Logger } from '#kit';
import type { Overlay } from '#domain';
import type { GitSource } from '#ports';
import { openRenderer } from '#render';
import { type OpenGitSource, openGitSource } from '#source';
import { applicationSpecSchema } from '#contract';
import type { BundleShelf } from '../../../apps/hub/src/steps/render/bundle-shelf.js';
import { DeclaredSources } from '../../../apps/hub/src/steps/render/declared-sources.js';
import { makeRenderStep, type RenderStep } from '../../../apps/hub/src/steps/render/render-step.suite.js';
import { makeTestRepository, type TestRepository } from '../../../libs/source/src/test-repository.js';

/** A file's text, or a symlink's target. */
export type Files = Readonly<Record<string, string | { readonly symlink: string }>>;
/** One entry of a tree that is made by hand: git's own commands would not. */
export type RawEntry = readonly [mode: string, name: string | Buffer, id: string];

/** Stands in a Secret of the repository, and in nothing that anybody reads. */
export const SECRET = 'hunter2-of-the-repository';

/** Repositories of other sources, as kustomizations name them: one that anybody may read, one of another team. */
export const NEIGHBOUR = 'https://git.example.org/team/neighbour';
export const PRIVATE = 'https://git.example.org/others/private';

/** What an attempt is rendered with beside the commit. */
export interface RenderedWith {
  readonly timeoutMs?: number;
  /** Of the application. */
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly overlay?: Partial<Overlay>;
}

export const map = (name: string, value = 'x'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: ${JSON.stringify(value)}}\n`;

/** A commit's way through the hub: real git, real kustomize, with the bounds that the hub has, up to the bundles that it would store. */
export class HostileRepositoryScene {
  /** What was asked of a server on 127.0.0.1 that repositories name. */
  readonly requests: string[] = [];
  address = '';
  private readonly log: string[] = [];

  private constructor(
    private readonly parts: {
      readonly folder: string;
      readonly repository: TestRepository;
      readonly neighbour: TestRepository;
      readonly kustomizePath: string;
    },
  ) {}

  private server!: Server;
  private logger!: Logger;
  private git!: OpenGitSource;
  private step!: RenderStep;
  private neighbourSha = '';

  static async open(): Promise<HostileRepositoryScene> {
    const quiet = createLogger({ level: 'silent' });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'flotilla-hostile-'));
    const { path: kustomizePath } = await findProgram(kustomize, { log: quiet });
    // Built now where it has to be, and not while an attempt is timed.
    await findProgram(helm, { log: quiet });
    const [repository, neighbour] = [await makeTestRepository(), await makeTestRepository()];
    const scene = new HostileRepositoryScene({ folder, repository, neighbour, kustomizePath });
    await scene.start();
    return scene;
  }

  private async start(): Promise<void> {
    await mkdir(this.scratch);
    await writeFile(this.outside, 'untouched');
    this.server = createServer((request, response) => {
      this.requests.push(request.url ?? '');
      response.end(map('fetched'));
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.address = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const output = { write: (line: string) => this.log.push(line) };
    this.logger = createLogger({ level: 'trace', format: 'json', output });
    this.git = openGitSource({ folder: this.mirrors, log: this.logger, allowLocal: true });
    this.step = this.stepWith({});
  }

  /** The hub's render step; what it would store is only counted. */
  private stepWith(limits: Parameters<typeof openRenderer>[0]['limits'] & object): RenderStep {
    const { kustomizePath } = this.parts;
    const findHelm = () => findProgram(helm, { log: this.logger });
    const renderer = openRenderer({ kustomizePath, findHelm, scratchFolder: this.scratch, log: this.logger, limits });
    const shelf = { put: async () => undefined } as unknown as BundleShelf;
    return makeRenderStep({ git: this.sources, renderer, shelf, scratchFolder: this.scratch });
  }

  /** The neighbour's repository is on this disk, and its source is declared by a URL. */
  private get sources(): GitSource {
    const at = <T extends { readonly url: string }>(source: T): T =>
      source.url === NEIGHBOUR ? { ...source, url: this.parts.neighbour.path } : source;
    const { git } = this;
    return {
      resolve: (question) => git.resolve(at(question)),
      treeIds: (source, paths) => git.treeIds(at(source), paths),
      isAncestor: (source, ancestor) => git.isAncestor(at(source), ancestor),
      export: (source, folder, paths) => git.export(at(source), folder, paths),
    };
  }

  async close(): Promise<void> {
    this.git.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.parts.repository.remove();
    await this.parts.neighbour.remove();
    await rm(this.parts.folder, { recursive: true, force: true });
  }

  private get scratch(): string {
    return path.join(this.parts.folder, 'scratch');
  }

  private get mirrors(): string {
    return path.join(this.parts.folder, 'mirrors');
  }

  /** A file of the hub's, beside where it writes. */
  get outside(): string {
    return path.join(this.parts.folder, 'outside');
  }

  get repository(): TestRepository {
    return this.parts.repository;
  }

  /** `ADDRESS` in a text is that of the server; `ADDR` without its scheme. */
  commit(files: Files): Promise<string> {
    return this.repository.commit({ files: this.place(files) });
  }

  /** Has the neighbour's repository hold this from now on. */
  async commitNeighbour(files: Files): Promise<void> {
    this.neighbourSha = await this.parts.neighbour.commit({ files: this.place(files) });
    await this.git.resolve({ url: this.parts.neighbour.path, ref: 'main' });
  }

  private place(files: Files): Files {
    const put = (text: string): string =>
      text.replaceAll('ADDRESS', this.address).replaceAll('ADDR', this.address.slice('http:'.length));
    const placed = Object.entries(files).map(([name, content]) => [
      name,
      typeof content === 'string' ? put(content) : content,
    ]);
    return Object.fromEntries(placed) as Files;
  }

  blob(content: string | Buffer): Promise<string> {
    return this.write('blob', content);
  }

  /** Entries as they are: git checks neither names nor order. */
  tree(entries: readonly RawEntry[]): Promise<string> {
    const bytes = entries.flatMap(([mode, name, id]) => [
      Buffer.from(`${mode} `),
      typeof name === 'string' ? Buffer.from(name) : name,
      Buffer.from([0]),
      Buffer.from(id, 'hex'),
    ]);
    return this.write('tree', Buffer.concat(bytes));
  }

  /** A commit of a tree that was made by hand. */
  async commitTree(tree: string): Promise<string> {
    const sha = await this.repository.git(['commit-tree', '-m', 'by hand', tree]);
    await this.repository.git(['update-ref', 'refs/heads/main', sha]);
    return sha;
  }

  /** A commit as it is written; on no branch. */
  commitObject(text: string): Promise<string> {
    return this.write('commit', text);
  }

  /** Real git, as the hub has it. */
  get source(): OpenGitSource {
    return this.git;
  }

  private async write(type: string, content: string | Buffer): Promise<string> {
    const file = path.join(this.repository.folder, 'object');
    await writeFile(file, content);
    const id = await this.repository.git(['hash-object', '-t', type, '-w', '--literally', file]);
    await rm(file);
    return id;
  }

  /** What the hub tells of a commit. */
  async commitOf(sha: string): Promise<{ readonly author: string; readonly subject: string }> {
    return this.git.resolve({ url: this.repository.path, ref: sha });
  }

  /** What the hub makes of a commit: a bundle's objects, or why there is none. */
  async render(
    sha: string,
    { timeoutMs, spec: more, overlay }: RenderedWith = {},
  ): Promise<{ objects: number; code: string; message: string }> {
    const repository = { url: this.repository.path };
    const step = timeoutMs === undefined ? this.step : this.stepWith({ timeoutMs });
    try {
      const commit = await this.git.resolve({ ...repository, ref: 'main' });
      equal(commit.sha, sha);
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { objects: 0, code, message };
    }
    const spec = applicationSpecSchema.parse({ source: 'shop', path: 'dev', ...more });
    const sources = DeclaredSources.of([
      { name: 'shop', spec: repository, status: { revision: sha } },
      { name: 'neighbour', spec: { url: NEIGHBOUR }, status: { revision: this.neighbourSha || sha } },
      { name: 'private', spec: { url: PRIVATE, credential: 'theirs' }, status: { revision: sha } },
    ]);
    const { overlays, errors } = await step.overlays.render({
      ...{ application: 'web', spec, sources, previous: null },
      pin: (_overlay, name) => sources.pin(name),
      overlays: new Map([['dev', { source: 'shop', path: 'dev', ...overlay }]]),
    });
    await step.exports.clear();
    const [error] = errors;
    return { objects: overlays['dev']?.objects ?? 0, code: error?.code ?? '', message: error?.message ?? '' };
  }

  /** Refused with that code, in a sentence that tells neither the hub's folders nor what is secret. */
  async isRefused(sha: string, code: string, message: RegExp = /./, as?: RenderedWith): Promise<string> {
    const told = await this.render(sha, as);
    equal(`${told.code}: ${told.message}`.slice(0, code.length), code, `${told.code}: ${told.message}`);
    match(told.message, message);
    equal(told.message.includes(this.parts.folder), false, told.message);
    equal(told.message.includes(SECRET), false, told.message);
    equal(/(?!\n)[\p{Cc}\p{Cf}]/u.test(told.message), false, told.message);
    equal(told.message.length < 3000, true);
    return told.message;
  }

  /** Nothing was fetched, written or left behind, and the hub goes on with the next good commit. */
  async isUnharmed(): Promise<void> {
    equal(this.requests.join(' '), '');
    equal(await readFile(this.outside, 'utf8'), 'untouched');
    equal((await readdir(this.parts.folder)).sort().join(' '), 'mirrors outside scratch');
    equal((await readdir(this.scratch)).join(' '), '');
    const kept = (await readdir(this.mirrors)).filter((name) => name !== 'home' && !/^[0-9a-f]{32}\.git$/.test(name));
    equal(kept.join(' '), '');
    equal(this.log.join('').includes(SECRET), false);
    const good = await this.render(await this.commit({ 'dev/a.yaml': map('good') }));
    deepEqual(good, { objects: 1, code: '', message: '' });
  }
}
