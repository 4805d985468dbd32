import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { Attempt, AttemptTable } from '../helpers/attempts.js';
import {
  ELSEWHERE,
  type HostileGitServerScene,
  NAME,
  PASSWORD,
  type ScenicServer,
} from './hostile-git-server.scene.js';

type Scene = HostileGitServerScene;

const RULES = 'the rules for addresses, asked of what the host resolves to';
const PINNED = 'git is told the addresses that were looked at, and asks nobody itself';
const REDIRECTS = 'redirects are not followed';
const local =
  /is the hub's own machine or link, which is called only where FLOTILLA_SOURCES_ALLOW_LOCAL_ADDRESSES is set/;
const metadata = /is where a cloud hands out credentials/;

const isNotAsked = ({ seen }: ScenicServer): void => deepEqual(seen, []);
const here = { allowLocalAddresses: true, names: { [NAME]: [['127.0.0.1']] } };

/** Sends somewhere else who asks. */
const redirecting =
  (to: (url: string) => string, status = 302) =>
  (request: { url?: string | undefined }, response: ServerResponse): boolean => {
    response.writeHead(status, { location: to(request.url ?? '') }).end();
    return true;
  };

/** Each a way to write the hub's own machine, or its link. */
const spellings: readonly (readonly [name: string, host: (port: number) => string])[] = [
  ['127.0.0.1', (port) => `https://127.0.0.1:${port}`],
  ['another address of the loopback network', (port) => `https://127.9.9.9:${port}`],
  ['two numbers of four', (port) => `https://127.1:${port}`],
  ['one hexadecimal number', (port) => `https://0x7f000001:${port}`],
  ['one decimal number', (port) => `https://2130706433:${port}`],
  ['octal numbers', (port) => `https://0177.0.0.1:${port}`],
  ['full-width digits', (port) => `https://１２７.0.0.1:${port}`],
  ['percent signs', (port) => `https://%31%32%37.0.0.1:${port}`],
  ['all zeroes', (port) => `https://0.0.0.0:${port}`],
  ['IPv6', (port) => `https://[::1]:${port}`],
  ['IPv4 within IPv6', (port) => `https://[::ffff:127.0.0.1]:${port}`],
  ['IPv4 through NAT64', (port) => `https://[64:ff9b::7f00:1]:${port}`],
  ['the link of IPv4', () => 'https://169.254.7.7'],
  ['the link of IPv6', () => 'https://[fe80::1]'],
  ['ssh', (port) => `ssh://git@127.0.0.1:${port}`],
];

const ownMachine: readonly Attempt<Scene>[] = [
  ...spellings.map(([name, host]) => ({
    name: `names the hub's own machine in a source's URL, written as ${name}`,
    stoppedBy: RULES,
    run: async (scene: Scene) => {
      const server = await scene.serve();
      await scene.isRefused(`${host(server.port)}/shop/.git`, {}, 'address-refused', local);
      isNotAsked(server);
    },
  })),
  {
    name: 'names a host of its own that resolves to the hub’s loopback address',
    stoppedBy: RULES,
    run: async (scene) => {
      const server = await scene.serve();
      const names = { [NAME]: [['127.0.0.1']] };
      await scene.isRefused(`https://${NAME}:${server.port}/shop/.git`, { names }, 'address-refused', local);
      isNotAsked(server);
    },
  },
  {
    name: 'hides the loopback address behind a public one of the same name',
    stoppedBy: 'one bad address refuses the name',
    run: async (scene) => {
      const server = await scene.serve();
      const names = { [NAME]: [[ELSEWHERE, '::1']] };
      await scene.isRefused(`https://${NAME}:${server.port}/shop/.git`, { names }, 'address-refused', local);
      isNotAsked(server);
    },
  },
  {
    name: 'names where a cloud hands out credentials, on a hub that allows local addresses',
    stoppedBy: 'these addresses are allowed by no setting',
    run: async (scene) => {
      for (const host of ['169.254.169.254', '[fd00:ec2::254]', '[64:ff9b::a9fe:a9fe]', '100.100.100.200']) {
        await scene.isRefused(`https://${host}/latest`, { allowLocalAddresses: true }, 'address-refused', metadata);
      }
      const names = { [NAME]: [['169.254.169.254']] };
      const look = { allowLocalAddresses: true, names };
      await scene.isRefused(`ssh://git@${NAME}/latest`, look, 'address-refused', metadata);
    },
  },
];

const rebinding: readonly Attempt<Scene>[] = [
  {
    name: 'changes over HTTPS what its name means after it was looked at',
    stoppedBy: PINNED,
    run: async (scene) => {
      // The system resolves this name to the server; the hub's look at it told another address.
      const server = await scene.serve();
      const host = `localhost:${server.port}`;
      const look = { names: { localhost: [[ELSEWHERE], ['127.0.0.1']] }, timeoutMs: 3000 };
      const credential = scene.credential(host);
      await scene.isRefused(`https://${host}/shop/.git`, { ...look, credential }, 'source-unreachable', /localhost/);
      isNotAsked(server);
      deepEqual(scene.asked, ['localhost']);
      // A name that no resolver but the hub's look knows is read: what was looked at is where git goes.
      const known = `${NAME}:${server.port}`;
      equal(
        await scene.look(`https://${known}/shop/.git`, { ...here, credential: scene.credential(known) }),
        scene.sha,
      );
    },
  },
  {
    name: 'changes over ssh what its name means after it was looked at',
    stoppedBy: PINNED,
    run: async (scene) => {
      const { port, clientKey, knownHosts } = scene.ssh;
      const host = `localhost:${port}`;
      const known = knownHosts.replace('127.0.0.1', 'localhost');
      const credential = { kind: 'ssh', host, privateKey: clientKey, knownHosts: known } as const;
      const url = `ssh://${scene.ssh.user}@${host}${scene.repository.path}/.git`;
      const before = scene.ssh.log();
      const elsewhere = { names: { localhost: [[ELSEWHERE], ['127.0.0.1']] }, timeoutMs: 3000 };
      await scene.isRefused(url, { ...elsewhere, credential }, 'source-unreachable', /localhost/);
      equal(scene.ssh.log(), before);
      // The same with the address that it has is read: what stopped it was the address, and the key is known by the name.
      const names = { localhost: [['127.0.0.1']] };
      equal(await scene.look(url, { allowLocalAddresses: true, names, credential }), scene.sha);
    },
  },
];

const redirects: readonly Attempt<Scene>[] = [
  ...([301, 302, 307, 308] as const).map((status) => ({
    name: `sends the hub to a server of the hub's own machine, by ${status}`,
    stoppedBy: REDIRECTS,
    run: async (scene: Scene) => {
      const target = await scene.serve();
      const server = await scene.serve(redirecting((url) => `https://127.0.0.1:${target.port}${url}`, status));
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      const told = await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /points elsewhere/);
      match(told, /write the address that it leads to as spec\.url/);
      isNotAsked(target);
    },
  })),
  {
    name: 'sends the hub on once it has answered its first question',
    stoppedBy: REDIRECTS,
    run: async (scene) => {
      const target = await scene.serve();
      const server = await scene.serve(
        (request, response) =>
          request.method === 'POST' && redirecting((url) => `https://${NAME}:${target.port}${url}`)(request, response),
      );
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /points elsewhere/);
      ok(server.seen.length > 1);
      isNotAsked(target);
    },
  },
  {
    name: 'sends the hub to plain HTTP, to the git protocol, and to a file of the hub',
    stoppedBy: REDIRECTS,
    run: async (scene) => {
      const { path } = scene.repository;
      for (const to of [`http://${NAME}/shop`, `git://${NAME}/shop`, `file://${path}`, `ext::touch ${path}/x`]) {
        const server = await scene.serve(redirecting(() => to));
        const host = `${NAME}:${server.port}`;
        const look = { ...here, allowLocal: true, credential: scene.credential(host) };
        await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /points elsewhere/);
      }
    },
  },
  {
    name: 'asks who is there, and then sends the answer to another server',
    stoppedBy: `${REDIRECTS}, and a credential is for one host`,
    run: async (scene) => {
      const target = await scene.serve();
      const server = await scene.serve((request, response) => {
        if (request.headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
          return true;
        }
        return redirecting((url) => `https://${NAME}:${target.port}${url}`)(request, response);
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /points elsewhere/);
      ok(server.seen.some(({ authorization }) => authorization !== undefined));
      isNotAsked(target);
    },
  },
  {
    name: 'lends itself the objects of a server of the hub’s own machine (alternates)',
    stoppedBy: 'alternates are followed only where redirects are',
    run: async (scene) => {
      const target = await scene.serve();
      const names: string[] = [];
      const server = await scene.serve((request, response) => {
        // As a plain folder behind a web server, which git reads file by file.
        const [, file = ''] = /\/shop\/\.git\/(.*?)(\?|$)/.exec(request.url ?? '') ?? [];
        names.push(file);
        if (file === 'info/refs') response.end(`${'a'.repeat(40)}\trefs/heads/main\n`);
        else if (file === 'HEAD') response.end('ref: refs/heads/main\n');
        else if (/alternates$/.test(file)) response.end(`https://${NAME}:${target.port}/shop/.git/objects\n`);
        else response.writeHead(404).end();
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /could not be read/);
      ok(names.includes('info/refs'));
      isNotAsked(target);
    },
  },
];

const answers: readonly Attempt<Scene>[] = [
  {
    name: 'says back in its error what it was let in with',
    stoppedBy: 'secrets of a run are masked in all that git says',
    run: async (scene) => {
      const server = await scene.serve((request, response) => {
        const { authorization } = request.headers;
        const told = Buffer.from(authorization?.split(' ')[1] ?? '', 'base64').toString('utf8');
        const status = authorization === undefined ? 401 : 403;
        response.writeHead(status, { 'www-authenticate': 'Basic realm="git"', 'content-type': 'text/plain' });
        response.end(`no: ${authorization ?? ''} ${told} ${encodeURIComponent(told)}\n`);
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      const told = await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /403/);
      equal(told.includes(Buffer.from(`hub:${PASSWORD}`).toString('base64')), false);
    },
  },
  {
    name: 'puts escape sequences and lines of its own into what the hub shows',
    stoppedBy: 'a message holds no character that is not seen',
    run: async (scene) => {
      const server = await scene.serve((_request, response) => {
        response.writeHead(403, { 'content-type': 'text/plain' });
        response.end('remote: \u001b[2J\u001b]0;owned\u0007\u202egnp.exe\r\nfatal: all is well\n');
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      const told = await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /could not be read/);
      equal(/[\p{Cc}\p{Cf}]/u.test(told), false);
    },
  },
  {
    name: 'answers with refs without end',
    stoppedBy: 'the memory that a git has',
    run: async (scene) => {
      const server = await scene.serve((request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
        response.write('001e# service=git-upload-pack\n0000');
        const line = `003d${'a'.repeat(40)} refs/heads/abcdefghi\n`.repeat(1000);
        const more = (): void => {
          while (!response.destroyed && response.write(line));
          if (!response.destroyed) response.once('drain', more);
        };
        request.on('close', () => response.destroy());
        more();
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host), maxMemoryBytes: 64 * 1024 ** 2 };
      await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /out of memory/i);
    },
  },
  {
    name: 'begins an answer and never ends it',
    stoppedBy: 'the time that a fetch has',
    run: async (scene) => {
      const server = await scene.serve((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' }).write('001e#');
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host), timeoutMs: 1500 };
      await scene.isRefused(`https://${host}/shop/.git`, look, 'source-unreachable', /did not answer in time/);
    },
  },
  {
    name: 'sends refs named like options, like the hub’s own, and out of their folder',
    stoppedBy: 'the hub asks git for full names alone, and only such as git takes',
    run: async (scene) => {
      const server = await scene.serve((request, response) => {
        if (!(request.url ?? '').includes('info/refs')) return false;
        const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
        const refs = ['refs/heads/../../../config', 'refs/heads/--upload-pack=x', 'refs/heads/a..b', 'HEAD'];
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
        response.write(`${line('# service=git-upload-pack\n')}0000`);
        refs.forEach((ref, index) =>
          response.write(line(`${scene.sha} ${ref}${index === 0 ? '\0side-band-64k ofs-delta' : ''}\n`)),
        );
        response.end('0000');
        return true;
      });
      const host = `${NAME}:${server.port}`;
      const look = { ...here, credential: scene.credential(host) };
      const url = `https://${host}/shop/.git`;
      await scene.isRefused(url, look, 'ref-not-found', /no branch, tag or commit "main"/);
      for (const ref of ['--upload-pack=x', '../../../config', 'a..b', 'HEAD', '@{u}', '']) {
        await scene.isRefused(url, { ...look, ref }, 'ref-not-found', /no branch, tag or commit/);
      }
    },
  },
];

export const hostileGitServerAttempts: AttemptTable<Scene> = {
  title: 'A source’s address, and the server behind it',
  who: 'Who may write a source, or holds the Git server that one names, against the hub and its neighbours.',
  test: 'test/trust/hostile-git-server.test.ts',
  attempts: [...ownMachine, ...rebinding, ...redirects, ...answers],
};
