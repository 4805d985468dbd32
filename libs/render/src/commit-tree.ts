import { realpath } from 'node:fs/promises';
import type { JsonObject } from '#domain';
import { RejectedError } from '#kit';
import type { RenderInput } from '#ports';
import { failed } from './kustomization-file.js';
import { quote, remoteBase } from './kustomization-fields.js';
import { Reads } from './reads.js';
import { parseRemoteBase } from './remote-base.js';

/** Repositories that one overlay may reach beside its own. */
const maxBases = 20;

/** Where a kustomization's text leads that names another repository. */
export interface Rebased {
  readonly tree: CommitTree;
  readonly folder: string;
}

/** A pinned commit that a render reads: the application's own, or that of a base. */
export interface CommitTree {
  /** Real path of the exported commit. */
  readonly root: string;
  /** Empty for the application's own; else `example.org/team/repository`. */
  readonly name: string;
  readonly reads: Reads;
  /** Kustomizations that name other repositories, by file: their fields, and where each such text leads. */
  readonly rebased: Map<string, { readonly fields: JsonObject; readonly to: Map<string, Rebased> }>;
}

/** All the commits that one overlay reaches, the application's own first. */
export class CommitTrees {
  readonly all: CommitTree[];
  private readonly byBase = new Map<string, CommitTree>();

  constructor(
    root: string,
    private readonly baseOf: RenderInput['baseOf'],
  ) {
    this.all = [treeOf(root, '')];
  }

  get own(): CommitTree {
    const [own] = this.all;
    if (own === undefined) throw failed('no commit');
    return own;
  }

  /**
   * The commit of a declared source that a URL names, and the folder in it.
   * @throws RejectedError `remote-base`
   */
  async find(text: string, namedBy: string): Promise<Rebased> {
    const named = parseRemoteBase(text);
    if (named === null) throw remoteBase(text, namedBy, 'copy it in, nothing else is fetched');
    const { url, ref, key, folder } = named;
    const known = `${key}\n${ref ?? ''}`;
    const there = this.byBase.get(known);
    if (there !== undefined) return { tree: there, folder };
    const found = await this.ask({ url, ...(ref !== undefined && { ref }) }, namedBy);
    if (found === null) {
      const mend = `copy it in, or declare a Source of ${url}${ref === undefined ? '' : ` at ${quote(ref)}`}, public or with this one's credential`;
      throw remoteBase(text, namedBy, `${mend}; nothing else is fetched`);
    }
    if (this.byBase.size >= maxBases) throw failed(`${namedBy} names one repository more than the ${maxBases} allowed`);
    const root = await realpath(found.folder);
    const tree = this.all.find((each) => each.root === root) ?? treeOf(root, key);
    this.byBase.set(known, tree);
    if (!this.all.includes(tree)) this.all.push(tree);
    return { tree, folder };
  }

  private async ask(
    base: Parameters<NonNullable<RenderInput['baseOf']>>[0],
    namedBy: string,
  ): Promise<{ readonly folder: string } | null> {
    if (this.baseOf === undefined) return null;
    try {
      return await this.baseOf(base);
    } catch (error) {
      // Whoever answers knows nothing of the file that asks.
      if (error instanceof RejectedError) throw new RejectedError(error.code, `${namedBy}: ${error.message}`);
      throw error;
    }
  }
}

function treeOf(root: string, name: string): CommitTree {
  return { root, name, reads: new Reads(root), rebased: new Map() };
}
