import { Command } from 'commander';
import type { EventView, FleetView, RolloutView } from '#contract';
import { withHub, type CliContext } from '../context.js';
import { follow } from '../follow.js';
import type { HubClient } from '../hub-client.js';
import { part } from '../listings/listing.js';
import { examples } from '../program.js';
import { Screen } from '../screen.js';
import { EVENTS, MOST_ROLLOUTS, topText, type Seen } from '../top-text.js';

export function top(context: CliContext): Command {
  return new Command('top')
    .description(
      'Show the fleet, every running rollout with its waves, and what happened last, on one screen that keeps itself up to date until Ctrl-C. In a pipe, once.',
    )
    .addHelpText('after', examples([['flotilla top', 'watch a release go out']]))
    .action(async (_options: object, command: Command) => {
      await withHub(command, context, async (client) => {
        if (!context.isTerminal) return context.out(topText(await look(client), context.colours));
        const screen = new Screen(context);
        const signal = context.interrupted();
        try {
          for await (const seen of follow(client, context, () => look(client), { signal, refreshMs: 2000 })) {
            screen.draw(topText(seen, context.colours));
          }
        } finally {
          screen.close();
        }
      });
    });
}

async function look(client: HubClient): Promise<Seen> {
  const [fleet, events] = await Promise.all([
    client.get<FleetView>('/api/v1/fleet'),
    client.all<EventView>('/api/v1/events', {}, EVENTS),
  ]);
  const running = fleet.applications.flatMap(({ rollout }) => (rollout?.state === 'running' ? [rollout.id] : []));
  const shown = running.slice(0, MOST_ROLLOUTS);
  const rollouts = await Promise.all(shown.map((id) => client.get<RolloutView>(`/api/v1/rollouts/${part(id)}`)));
  return { hub: client.url, fleet, rollouts, more: running.length - shown.length, events };
}
