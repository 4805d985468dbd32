import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { clusterNameSchema } from '#contract';
import { type Logger, messageOf, RejectedError, writeFileAtomically } from '#kit';
import { type ClusterSnapshot, FakeCluster, type FakeClusterOptions } from '#kube/fake';
import { z } from 'zod';

/** One cluster of the simulated fleet. */
export interface SimulatedCluster {
  readonly name: string;
  /** Bearer token of its API. */
  readonly token: string;
  readonly cluster: FakeCluster;
}

export interface SimulatedFleetOptions {
  /** Where clusters are kept between runs; in memory alone where it is absent. */
  readonly folder?: string;
  /** Milliseconds until a workload's Pod is ready; 300 unless told. */
  readonly readyMs?: number;
  /** Milliseconds after a write until it is saved; unless told 500, or 5 for each cluster where that is more. */
  readonly saveAfterMs?: number;
  readonly logger: Logger;
}

/** What makes a cluster: used when it is not there yet. */
export type NewClusterOptions = Pick<
  FakeClusterOptions,
  'version' | 'nodes' | 'nodeLabels' | 'provider' | 'uid' | 'objects'
>;

const fileSchema = z.object({
  name: clusterNameSchema,
  token: z.string().min(32),
  snapshot: z.custom<ClusterSnapshot>((value) => snapshotSchema.safeParse(value).success),
});

const snapshotSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  resourceVersion: z.number().int(),
  objects: z.array(z.object({ key: z.string(), object: z.record(z.string(), z.unknown()) })),
});

/** Watches hardly ever ask far back here, and a thousand clusters' pasts are a lot of memory. */
const history = { events: 96, eventBytes: 96 * 1024 };
const parallelSaves = 8;

/** Many simulated clusters in one process, kept in a folder. */
export class SimulatedFleet {
  private readonly clusters = new Map<string, SimulatedCluster>();
  private readonly unsaved = new Set<string>();
  private saving: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  private constructor(private readonly options: SimulatedFleetOptions) {}

  /** @throws RejectedError `simulator-folder` when a cluster's file is not what was written. */
  static async open(options: SimulatedFleetOptions): Promise<SimulatedFleet> {
    const fleet = new SimulatedFleet(options);
    if (options.folder !== undefined) await fleet.load(options.folder);
    return fleet;
  }

  get(name: string): SimulatedCluster | undefined {
    return this.clusters.get(name);
  }

  names(): readonly string[] {
    return [...this.clusters.keys()].sort();
  }

  /** The cluster of that name, made from `make` when there is none. */
  ensure(name: string, make: NewClusterOptions = {}): SimulatedCluster {
    const known = this.clusters.get(name);
    if (known !== undefined) return known;
    const checked = clusterNameSchema.safeParse(name);
    if (!checked.success) {
      throw new RejectedError(
        'simulator-cluster-name',
        `The cluster's name ${checked.error.issues[0]?.message ?? 'is bad'}.`,
      );
    }
    const token = randomBytes(32).toString('base64url');
    return this.add({ name, token, cluster: new FakeCluster({ ...this.settings(), ...make }) });
  }

  /** Takes the cluster away, with all that it holds. */
  async remove(name: string): Promise<void> {
    this.clusters.get(name)?.cluster.close();
    this.clusters.delete(name);
    this.unsaved.delete(name);
    await this.saving;
    if (this.options.folder !== undefined) await rm(this.file(this.options.folder, name), { force: true });
  }

  /** Writes what changed since the last time. */
  async save(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { folder } = this.options;
    if (folder === undefined) return;
    this.saving = this.saving.then(async () => {
      const names = [...this.unsaved];
      const work = async (): Promise<void> => {
        for (let name = names.pop(); name !== undefined; name = names.pop()) await this.saveCluster(folder, name);
      };
      await Promise.all(Array.from({ length: parallelSaves }, work));
    });
    await this.saving;
  }

  /** Stops all clusters, and saves them. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const { cluster } of this.clusters.values()) cluster.close();
    await this.save();
  }

  private settings(): FakeClusterOptions {
    return { history, ...(this.options.readyMs === undefined ? {} : { readyMs: this.options.readyMs }) };
  }

  private add(simulated: SimulatedCluster): SimulatedCluster {
    this.clusters.set(simulated.name, simulated);
    simulated.cluster.onWrite(() => this.touch(simulated.name));
    this.touch(simulated.name);
    return simulated;
  }

  private touch(name: string): void {
    if (this.options.folder === undefined) return;
    this.unsaved.add(name);
    if (this.closed) return;
    this.timer ??= setTimeout(
      () => {
        this.save().catch((error: unknown) => {
          this.options.logger.error(
            { why: messageOf(error, 300) },
            'the simulated clusters could not be saved; mend the folder',
          );
        });
      },
      this.options.saveAfterMs ?? Math.max(500, this.clusters.size * 5),
    ).unref();
  }

  private async saveCluster(folder: string, name: string): Promise<void> {
    const simulated = this.clusters.get(name);
    this.unsaved.delete(name);
    if (simulated === undefined) return;
    const { token, cluster } = simulated;
    const text = `{"name":${JSON.stringify(name)},"token":${JSON.stringify(token)},"snapshot":${cluster.snapshotText()}}`;
    try {
      await writeFileAtomically(this.file(folder, name), text);
    } catch (error) {
      this.unsaved.add(name);
      throw error;
    }
  }

  private file(folder: string, name: string): string {
    return join(folder, `${name}.json`);
  }

  private async load(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const file of await readdir(folder)) {
      if (!file.endsWith('.json') || file.startsWith('.')) continue;
      const path = join(folder, file);
      let parsed: z.output<typeof fileSchema>;
      try {
        parsed = fileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
      } catch (error) {
        throw new RejectedError(
          'simulator-folder',
          `${path} is not a simulated cluster's file (${messageOf(error, 100)}); remove it to begin that cluster anew.`,
        );
      }
      const { name, token, snapshot } = parsed;
      this.add({ name, token, cluster: new FakeCluster({ ...this.settings(), snapshot }) });
      this.unsaved.delete(name);
    }
  }
}
