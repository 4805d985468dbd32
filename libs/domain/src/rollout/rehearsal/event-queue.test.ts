import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { EventQueue } from './event-queue.js';

describe('the queue of events', () => {
  it('gives them in order of time, and at one time in that of insertion, whatever is put in between', () => {
    const queue = new EventQueue();
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(20), fc.constant(null)), { maxLength: 800 }), (acts) => {
        queue.clear();
        const waiting: { at: number; mark: number }[] = [];
        const taken = (): { at: number; mark: number } => {
          const slot = queue.take();
          expect(queue.kind[slot]).toBe((queue.mark[slot] ?? 0) % 7);
          return { at: queue.at[slot] ?? -1, mark: queue.mark[slot] ?? -1 };
        };
        acts.forEach((at, mark) => {
          if (at !== null) {
            queue.put(at, mark % 7, 0, mark);
            waiting.push({ at, mark });
            return;
          }
          if (waiting.length === 0) return;
          waiting.sort((a, b) => a.at - b.at || a.mark - b.mark);
          expect(queue.nextAt).toBe(waiting[0]?.at);
          expect(taken()).toEqual(waiting.shift());
        });
        waiting.sort((a, b) => a.at - b.at || a.mark - b.mark);
        for (const each of waiting) expect(taken()).toEqual(each);
        expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});
