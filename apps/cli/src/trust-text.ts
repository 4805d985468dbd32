import type { TrustView } from '#contract';

const STATES = {
  current: 'in force',
  next: 'told to agents, not used yet',
  old: 'not used any more, still told',
  gone: 'told no more',
} as const;

/** How long until is said. */
const day = (time: string): string => time.slice(0, 10);

/** What `flotilla trust` prints. */
export function trustText(view: TrustView): string {
  const lines = [`${view.status}.`, ''];
  const width = 18;
  const add = (title: string, text: string): void => void lines.push(`${title.padEnd(width)}${text}`);
  add('Generation', String(view.generation));
  for (const { id, state } of view.manifestKeys) add('Manifest key', `${id}  ${STATES[state]}`);
  if (view.keptBy === 'outside') add('', 'kept outside of the hub, by a file or a program');
  for (const { id, state, until } of view.authorities) {
    add('Authority', `${id}  ${STATES[state]}${until === undefined ? '' : `, until ${day(until)}`}`);
  }
  if (view.authorities.length > 0) add('Certificate', `until ${day(view.certificateUntil)}, made anew before that`);
  if (view.without.length > 0) add('To join again', view.without.join(', '));
  if (view.behind.length > 0) {
    lines.push('', `Clusters that do not hold generation ${view.generation} yet:`);
    for (const { name, online, held, agentVersion, seenAt } of view.behind) {
      const where = online ? 'online' : `offline${seenAt === undefined ? '' : ` since ${seenAt}`}`;
      const holds = held === 0 ? 'has not said what it holds' : `holds ${held}`;
      lines.push(`  ${name}  ${where}, ${holds}${agentVersion === undefined ? '' : `, agent ${agentVersion}`}`);
    }
    const more = view.behindCount - view.behind.length;
    if (more > 0) lines.push(`  and ${more} more`);
  }
  return `${lines.join('\n')}\n`;
}
