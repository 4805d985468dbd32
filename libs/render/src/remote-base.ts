import type { RemoteBase } from '#ports';

/** A folder of another repository, as a kustomization names it. */
export interface NamedBase extends RemoteBase {
  /** Below the repository's root; `.` is the root itself. */
  readonly folder: string;
  /** `example.org/team/repository`: the same for every way to write one repository; what messages call it. */
  readonly key: string;
}

const scheme = /^(https?|ssh|git):\/\/(?:[^@/]*@)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/(.*)$/i;
const scp = /^(?:[a-z0-9._-]+@)([a-z0-9.-]+):(?!\/\/)\/?(.*)$/i;
const github = /^(?:www\.)?(github\.com)[/:](.*)$/i;
const usualPorts: Readonly<Record<string, string>> = { http: '80', https: '443', ssh: '22', git: '9418' };

/**
 * Reads a URL as kustomize does: the repository ends at `//`, else at `.git`, else behind `_git/NAME`, else after two names.
 * @returns null for whatever is no repository on another host: files, plain paths, addresses with odd characters
 */
export function parseRemoteBase(text: string): NamedBase | null {
  const plain = text.trim().replace(/^git::/i, '');
  const mark = plain.indexOf('?');
  const found = splitHost(mark < 0 ? plain : plain.slice(0, mark));
  if (found === null) return null;
  const { host, rest, url } = found;
  const [repository, folder] = splitPath(rest);
  const names = repository.split('/');
  if (names.some((each) => each === '' || each === '.' || each === '..')) return null;
  const query = new URLSearchParams(mark < 0 ? '' : plain.slice(mark + 1));
  const ref = query.get('ref') ?? query.get('version') ?? '';
  return {
    url: `${url}${repository}`,
    ...(ref !== '' && { ref }),
    folder: folder.replace(/^\/+|\/+$/g, '') || '.',
    key: `${host}/${repository.replace(/\.git$/, '')}`,
  };
}

/** The host without the port that is usual, and what comes after it; the URL holds no password. */
function splitHost(text: string): { readonly host: string; readonly rest: string; readonly url: string } | null {
  // What no repository's address has in it, and programs may read in two ways.
  if (!/^[\x21-\x7e]+$/.test(text) || /[\\%#]/.test(text)) return null;
  const full = scheme.exec(text);
  if (full !== null) {
    const [, way = '', name = '', port = '', rest = ''] = full;
    const usual = port === '' || usualPorts[way.toLowerCase()] === port;
    const host = plainHost(name) + (usual ? '' : `:${port}`);
    const user = way.toLowerCase() === 'ssh' ? 'git@' : '';
    return { host, rest, url: `${way.toLowerCase()}://${user}${host}/` };
  }
  const short = scp.exec(text);
  if (short !== null) {
    const host = plainHost(short[1] ?? '');
    return { host, rest: short[2] ?? '', url: `ssh://git@${host}/` };
  }
  const known = github.exec(text);
  return known === null ? null : { host: 'github.com', rest: known[2] ?? '', url: 'https://github.com/' };
}

function plainHost(name: string): string {
  return name.toLowerCase().replace(/^www\.github\.com$/, 'github.com');
}

function splitPath(rest: string): readonly [repository: string, folder: string] {
  const marked = rest.indexOf('//');
  if (marked >= 0) return [rest.slice(0, marked), rest.slice(marked + 2)];
  const names = rest.replace(/\/+$/, '').split('/');
  const ends = names.findIndex((each) => each.endsWith('.git') && each !== '.git');
  const azure = names.indexOf('_git');
  const length = ends >= 0 ? ends + 1 : azure >= 0 ? azure + 2 : 2;
  return [names.slice(0, length).join('/'), names.slice(length).join('/')];
}
