import { checkUrl } from './check-url.js';
import { RejectedError } from '#kit';
import { submoduleRefused } from './gather-tree.js';
import { hostOf, type GitUrl } from './parse-git-url.js';

/**
 * The address of a submodule: at the same host and reached in the same way as its parent, so that the parent's credential and what was allowed for its host is all
 * that it takes. A stranger wrote it.
 * @param address absolute, or relative to the parent's (`../charts.git`)
 * @throws RejectedError `submodule-refused`; the message does not hold the address, in which there may be a password
 */
export function submoduleUrl(
  parent: GitUrl,
  { path, address }: { readonly path: string; readonly address: string },
): string {
  if (parent.kind === 'file') {
    throw submoduleRefused(
      path,
      'and repositories on the hub’s own disk have none that are read: use a source on a host',
    );
  }
  const mend = 'have .gitmodules name it relative to this repository (../other.git)';
  let url: GitUrl;
  try {
    url = checkUrl(isRelative(address) ? joined(parent, address) : address, { allowLocal: false });
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    throw submoduleRefused(path, `and its address in .gitmodules ${error.message.replace(/^spec\.url |\.$/g, '')}`);
  }
  if (url.kind === 'file') throw submoduleRefused(path, `and its address is on the hub’s own disk: ${mend}`);
  if (hostOf(url) !== hostOf(parent)) {
    throw submoduleRefused(path, `and on ${hostOf(url)}, not on ${hostOf(parent)} as its source is: ${mend}`);
  }
  if (url.kind !== parent.kind) {
    throw submoduleRefused(path, `and read by ${url.kind}, where its source is read by ${parent.kind}: ${mend}`);
  }
  return url.text;
}

function isRelative(address: string): boolean {
  return /^\.\.?\//.test(address);
}

/** As git joins them: `../x` of `https://host/team/shop.git` is `https://host/team/x`. */
function joined(parent: Exclude<GitUrl, { kind: 'file' }>, address: string): string {
  const parts = parent.path.split('/').filter(Boolean);
  for (const part of address.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  const root = parent.text.slice(0, parent.text.length - parent.path.length);
  return `${root}${parent.path.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}
