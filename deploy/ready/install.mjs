import { readFileSync } from 'node:fs';
import path from 'node:path';

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules differs from what package-lock.json names. npm writes node_modules/.package-lock.json last, so an
 * install that broke off leaves none; comparing the two also accepts what `npm ci` or `npm install` did without us.
 */
export function installIsStale(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const found = readPackages(path.join(root, 'node_modules/.package-lock.json'));
  if (found === undefined || wanted === undefined) return true;
  return Object.entries(wanted).some(([name, entry]) => {
    if (name === '' || entry.link) return false;
    const installed = found[name];
    // Packages for other platforms are optional and not there.
    if (installed === undefined)
      return name.includes('node_modules/') && !entry.optional && !entry.devOptional && !entry.peer;
    return installed.version !== entry.version || installed.integrity !== entry.integrity;
  });
}
