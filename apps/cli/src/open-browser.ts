import { spawn } from 'node:child_process';

/**
 * Shows a page in the person's browser; false: none could be started. The address is an argument of a program, never of a shell.
 * @param url made by the hub's address and ourselves, http or https
 */
export function openBrowser(url: string, env: NodeJS.ProcessEnv, platform = process.platform): Promise<boolean> {
  const [program, ...words] = opener(platform);
  const isBare = platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY'];
  if (program === undefined || isBare || !/^https?:\/\//.test(url)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(program, [...words, url], { stdio: 'ignore', detached: true, env });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}

function opener(platform: NodeJS.Platform): readonly string[] {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return ['xdg-open'];
}
