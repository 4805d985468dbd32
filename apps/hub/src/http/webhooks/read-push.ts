import { z } from 'zod';
import type { WebhookProvider } from '#contract';
import { repositoryOf } from '#source';

/** What a push names: the repository by all of its addresses, and what was moved. */
export interface Push {
  readonly urls: readonly string[];
  /** `refs/heads/main`, `refs/tags/v1`. */
  readonly refs: readonly string[];
}

const url = z.string().min(1).max(2048);
const ref = z.string().min(1).max(300);
/** What else a sender tells is not looked at. */
const hubLike = z.object({
  ref,
  repository: z.object({ clone_url: url, ssh_url: url.optional(), html_url: url.optional() }),
});
const gitlab = z.object({ ref, project: z.object({ git_http_url: url, git_ssh_url: url.optional() }) });
const bitbucketRef = z.object({ type: z.enum(['branch', 'tag', 'bookmark', 'named_branch']), name: ref }).nullish();
const bitbucketCloud = z.object({
  repository: z.object({ links: z.object({ html: z.object({ href: url }) }) }),
  push: z.object({ changes: z.array(z.object({ new: bitbucketRef, old: bitbucketRef })).max(1000) }),
});
const bitbucketServer = z.object({
  repository: z.object({
    links: z.object({
      clone: z
        .array(z.object({ href: url }))
        .min(1)
        .max(10),
    }),
  }),
  changes: z.array(z.object({ ref: z.object({ id: ref }) })).max(1000),
});
const generic = z.object({ repository: url, ref: ref.optional() });

/** Pure: reads a body that was verified. @throws z.ZodError for one that is no push of that provider. */
export function readPush(provider: WebhookProvider, body: unknown): Push {
  switch (provider) {
    case 'github':
    case 'gitea': {
      const { ref: moved, repository } = hubLike.parse(body);
      const { clone_url: clone, ssh_url: ssh, html_url: html } = repository;
      return { urls: [clone, ssh, html].filter((each) => each !== undefined), refs: [moved] };
    }
    case 'gitlab': {
      const { ref: moved, project } = gitlab.parse(body);
      return { urls: [project.git_http_url, project.git_ssh_url].filter((each) => each !== undefined), refs: [moved] };
    }
    case 'bitbucket':
      return readBitbucket(body);
    case 'generic': {
      const { repository, ref: moved } = generic.parse(body);
      return { urls: [repository], refs: moved === undefined ? [] : [moved] };
    }
  }
}

function readBitbucket(body: unknown): Push {
  const server = bitbucketServer.safeParse(body);
  if (server.success) {
    const { repository, changes } = server.data;
    return { urls: repository.links.clone.map(({ href }) => href), refs: changes.map((change) => change.ref.id) };
  }
  const { repository, push } = bitbucketCloud.parse(body);
  const { href } = repository.links.html;
  const { host, pathname } = new URL(href);
  const refs = push.changes.flatMap((change) => {
    const moved = change.new ?? change.old;
    return moved === null || moved === undefined
      ? []
      : [`refs/${moved.type === 'tag' ? 'tags' : 'heads'}/${moved.name}`];
  });
  return { urls: [href, `git@${host}:${pathname.slice(1)}`], refs };
}

/** Pure: whether a push touches what a source follows. Addresses are only compared, never called. */
export function isTouched(
  source: { readonly url: string; readonly ref?: string | undefined },
  { urls, refs }: Push,
): boolean {
  const own = repositoryOf(source.url);
  if (own === null || !urls.some((each) => repositoryOf(each) === own)) return false;
  // Without a ref everything may have moved.
  const { ref } = source;
  if (refs.length === 0) return true;
  // A range of versions goes by tags, any of which may be the newest now.
  if (ref === undefined) return refs.some((moved) => moved.startsWith('refs/tags/'));
  return refs.some((moved) => shortRef(moved) === shortRef(ref));
}

function shortRef(text: string): string {
  return text.replace(/^refs\/(heads|tags)\//, '');
}
