import type { FleetModel } from './fleet-model.js';

/** Whether the cluster does not run what it is told, or neither runs nor is told the newest release; of those with the application alone. */
export function lags({ runs, told }: FleetModel, place: number, newest: number): boolean {
  const [run, tell] = [runs?.[place] ?? 0, told?.[place] ?? 0];
  if (run === 0 && tell === 0) return false;
  return run !== tell || run < newest;
}

/** Who lags, what runs the oldest release first; clusters that run none stand before all. `selected`: places. */
export function laggards(model: FleetModel, selected: Int32Array, newest: number): Int32Array {
  const { runs } = model;
  return selected
    .filter((place) => lags(model, place, newest))
    .sort((a, b) => (runs?.[a] ?? 0) - (runs?.[b] ?? 0) || a - b);
}

/** Why, as far as the grid knows; the hub's `why` says the rest. */
export function whyItLags(model: FleetModel, place: number, newest: number): string {
  const [run, tell] = [model.runs?.[place] ?? 0, model.told?.[place] ?? 0];
  switch (model.stateOf(place)) {
    case 'waiting':
      return 'Its agent has not joined yet';
    case 'leaving':
      return 'It is being removed from the fleet';
    case 'offline':
      return run === tell ? 'It is offline, and is told nothing new' : `It is offline, and was told release ${tell}`;
    case 'held':
      return 'A person holds it: nothing new is assigned to it';
    case 'failed':
      return run === tell ? `Release ${tell} fails there` : `Release ${tell} failed there`;
    case 'progressing':
      if (run !== tell)
        return run === 0 ? `It is on its way to release ${tell}` : `It is on its way from release ${run} to ${tell}`;
      return `Release ${tell} is not healthy yet`;
    case 'drifted':
    case 'healthy':
    case 'none':
      if (tell === 0) return 'It is told none any more';
      if (run !== tell)
        return run === 0 ? 'Its agent has not said yet what it runs' : `It has not taken release ${tell} yet`;
      return tell < newest ? `It is not told release ${newest} yet` : 'It is about to be judged';
    default:
      return '';
  }
}
