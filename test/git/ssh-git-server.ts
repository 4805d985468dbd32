import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '#kit';

const run = promisify(execFile);
const PROGRAMS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/opt/homebrew/sbin/sshd'];

async function makeKey(file: string, ...more: readonly string[]): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file, ...more]);
  return (await readFile(`${file}.pub`, 'utf8')).trim().split(' ').slice(0, 2).join(' ');
}

/** A real sshd on 127.0.0.1 that lets one key in, and that key to `git-upload-pack` alone. */
export async function startSshGitServer(folder: string) {
  const program = PROGRAMS.find((file) => existsSync(file));
  if (program === undefined) throw new Error('There is no sshd: install openssh-server (it need not run)');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = (name: string): string => path.join(folder, name);
  const hostKey = await makeKey(file('host'));
  const clientKey = await makeKey(file('client'));
  const strangerKey = file('stranger');
  await makeKey(strangerKey);
  const otherHostKey = await makeKey(file('other-host'));
  const port = await freePort();
  const only = 'restrict,command="git -c safe.directory=* shell -c \\"$SSH_ORIGINAL_COMMAND\\""';
  await writeFile(file('authorized_keys'), `${only} ${clientKey}\n`, { mode: 0o600 });
  await writeFile(
    file('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      `PidFile ${file('pid')}`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      'UsePAM no',
      // The folder is in one that others may write to, as /tmp is.
      'StrictModes no',
      '',
    ].join('\n'),
  );
  await chmod(file('host'), 0o600);
  if (os.userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true });
  let log = '';
  const server = spawn(program, ['-D', '-e', '-f', file('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  server.stderr.on('data', (part: Buffer) => (log += part.toString()));
  const close = async (): Promise<void> => {
    if (server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
  };
  for (const deadline = performance.now() + 20_000; !(await listens(port)); await sleep(50)) {
    if (server.exitCode === null && performance.now() < deadline) continue;
    await close();
    throw new Error(`sshd does not listen:\n${log.slice(-2000)}`);
  }
  const knownHosts = (key: string): string => `[127.0.0.1]:${port} ${key}\n`;
  return {
    port,
    host: `127.0.0.1:${port}`,
    user: os.userInfo().username,
    clientKey: await readFile(file('client'), 'utf8'),
    strangerKey: await readFile(strangerKey, 'utf8'),
    knownHosts: knownHosts(hostKey),
    otherKnownHosts: knownHosts(otherHostKey),
    log: () => log,
    close,
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
