import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { agentCommand, type AgentImage as ImageCommand } from '#control-plane';

/** What deploy/images/agent.Dockerfile puts into the agent's image: its files alone, away from any node_modules, and its command. */
export interface AgentImage extends ImageCommand {
  remove(): void;
}

export async function buildAgentImage(): Promise<AgentImage> {
  await promisify(execFile)(process.execPath, ['deploy/bundle-agent.mjs']);
  return copyAgentImage();
}

/** Of the bundle as it was built last. */
export function copyAgentImage(): AgentImage {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'flotilla-agent-image-'));
  for (const file of readdirSync('dist/agent').filter((name) => name.endsWith('.mjs'))) {
    copyFileSync(path.join('dist/agent', file), path.join(folder, file));
  }
  return {
    args: agentCommand(readFileSync('deploy/images/agent.Dockerfile', 'utf8'), folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
