import { z } from 'zod';
import { nameSchema } from './primitives.js';

/** Most namespaces that one agent can be kept to: it has a watch for each kind in each of them. */
export const MAX_AGENT_NAMESPACES = 50;
/** Where the agent itself lives, and its keys. */
export const AGENT_NAMESPACE = 'flotilla-system';

/** Facts by which an agent says that it is kept to namespaces, and to which. */
export const MODE_FACT = 'agent.mode';
export const NAMESPACED = 'namespaced';
export const NAMESPACES_FACT = 'agent.namespaces';

const TOO_MANY = `must be at most ${MAX_AGENT_NAMESPACES} namespaces`;
const MAX_TEXT = 16 * 1024;

/** The namespaces that an agent is kept to. One that is there twice does no harm: see `eachOnce`. */
export const agentNamespacesSchema = z
  .array(nameSchema, { error: 'must be names of namespaces such as shop,pay' })
  .min(1, 'must name at least one namespace')
  .max(1000, TOO_MANY)
  .refine((names) => new Set(names).size <= MAX_AGENT_NAMESPACES, TOO_MANY)
  .refine(
    (names) => !names.includes(AGENT_NAMESPACE),
    `must not name ${AGENT_NAMESPACE}: the agent itself is there, with its keys`,
  );

/** The same as one text with commas: how it travels in an address and in the agent's settings. */
export const agentNamespacesTextSchema = z
  .string()
  .max(MAX_TEXT, TOO_MANY)
  .superRefine((text, context) => {
    if (text.length > MAX_TEXT) return;
    const [issue] = agentNamespacesSchema.safeParse(splitNamespaces(text)).error?.issues ?? [];
    if (issue !== undefined) context.addIssue({ code: 'custom', message: issue.message });
  });

/** Each once, in the order of the alphabet: `pay, shop` and `shop,pay,pay` ask for the same. */
export function eachOnce(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

export function splitNamespaces(text: string): readonly string[] {
  return eachOnce(text.split(',').map((name) => name.trim()));
}
