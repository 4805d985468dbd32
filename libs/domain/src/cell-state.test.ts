import { describe, expect, it } from '@jest/globals';
import { CELL_STATES, cellState, type CellApplication, type CellCluster } from './cell-state.js';

const ready: CellCluster = { state: 'joined', online: true, isHeld: false };
const healthy: CellApplication = { phase: 'healthy', isDrifted: false };
const drifted: CellApplication = { phase: 'healthy', isDrifted: true };
const silent: CellApplication = { phase: null, isDrifted: false };
const progressing: CellApplication = { phase: 'progressing', isDrifted: false };
const failed: CellApplication = { phase: 'failed', isDrifted: false };
const refused: CellApplication = { phase: 'refused', isDrifted: false };

describe('a cell of the grid', () => {
  it('shows the worst of the applications, the failed ones first', () => {
    expect(cellState(ready, [])).toBe('none');
    expect(cellState(ready, [healthy, healthy])).toBe('healthy');
    expect(cellState(ready, [healthy, drifted])).toBe('drifted');
    expect(cellState(ready, [drifted, progressing])).toBe('progressing');
    expect(cellState(ready, [drifted, silent])).toBe('progressing');
    expect(cellState(ready, [silent, failed])).toBe('failed');
    expect(cellState(ready, [progressing, refused, healthy])).toBe('failed');
  });

  it('shows what the cluster itself is in before any application', () => {
    const held = { ...ready, isHeld: true };
    expect(cellState(held, [failed])).toBe('held');
    expect(cellState({ ...held, online: false }, [failed])).toBe('offline');
    expect(cellState({ ...held, online: false, state: 'leaving' }, [failed])).toBe('leaving');
    expect(cellState({ ...held, online: false, state: 'registered' }, [])).toBe('waiting');
  });

  it('calls nothing drifted that is not healthy', () => {
    for (const phase of ['failed', 'refused', 'progressing', null] as const) {
      expect(cellState(ready, [{ phase, isDrifted: true }])).toBe(cellState(ready, [{ phase, isDrifted: false }]));
    }
  });

  it('has each state once', () => {
    expect(new Set(CELL_STATES).size).toBe(CELL_STATES.length);
  });
});
