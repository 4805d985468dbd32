import type { StrategySpec } from '../strategy.js';
import { becomeFriendly, becomeQuiet } from './friendly.js';
import { play, type Phrase } from './phrases.js';
import { World, type WorldPlan, type WorldRules } from './world.js';

export interface Schedule {
  readonly plan: WorldPlan;
  readonly strategy: StrategySpec;
  readonly phrases: readonly Phrase[];
}

/**
 * A schedule from its first phrase to the end that a friendly world brings.
 * @param prepare is given the world before the first phrase.
 * @throws Error naming what is broken.
 */
export function playSchedule(
  { plan, strategy, phrases }: Schedule,
  rules?: WorldRules,
  prepare?: (world: World) => void,
): World {
  const world = new World(plan, rules);
  prepare?.(world);
  world.strategy = strategy;
  for (const each of phrases) play(world, each);
  becomeQuiet(world);
  becomeFriendly(world);
  world.shell.recount();
  return world;
}
