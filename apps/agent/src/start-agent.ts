import { BugError } from '#kit';
import type { Agent, AgentOptions } from './agent-options.js';

/**
 * Starts one agent. Resolves when it has an identity (joining the hub where there is none) and enforces what it last accepted;
 * the bus is connected in the background, so that a hub that is away holds nothing up. Many may run in one process.
 * @throws RejectedError when the hub refuses the join: its token is spent, expired or unknown.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  throw new BugError('agent-unfinished', `agent ${options.version} is still being built`);
}
