import { useCallback, useEffect, useState, type RefObject } from 'react';

/** How tall a strip of the grid is that has a canvas of its own, CSS pixels: browsers refuse canvases of any height. */
export const TILE_PX = 1200;
const PHONE_PX = 640;
/** A phone's window grows and shrinks by its bars as one scrolls: no reason to lay everything out anew. */
const PHONE_BARS_PX = 130;

export interface Measured {
  readonly width: number;
  readonly height: number;
  readonly minPitch: number;
  readonly maxPitch: number;
}

/** The room that an element has: its width, and the window's height below where it begins. */
export function useRoom(element: RefObject<HTMLElement | null>): Measured | null {
  const [room, setRoom] = useState<Measured | null>(null);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const measure = (): void => {
      const width = Math.floor(target.clientWidth);
      const top = target.getBoundingClientRect().top + window.scrollY;
      const isPhone = window.innerWidth < PHONE_PX;
      const height = Math.max(320, Math.floor(window.innerHeight - top - 24));
      setRoom((before) =>
        before?.width === width && Math.abs(before.height - height) < PHONE_BARS_PX
          ? before
          : { width, height, minPitch: isPhone ? 10 : 7, maxPitch: isPhone ? 34 : 30 },
      );
    };
    const observer = new ResizeObserver(measure);
    observer.observe(target);
    window.addEventListener('resize', measure);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', measure);
    };
  }, [element]);
  return room;
}

export interface Strips {
  readonly first: number;
  readonly last: number;
}

/** The strips of a tall element that the window shows or is about to. */
export function useNearStrips(element: RefObject<HTMLElement | null>, height: number): Strips {
  const [strips, setStrips] = useState<Strips>({ first: 0, last: 0 });
  const measure = useCallback((): void => {
    const target = element.current;
    if (!target) return;
    const { top } = target.getBoundingClientRect();
    const most = Math.max(0, Math.ceil(height / TILE_PX) - 1);
    const bound = (y: number): number => Math.max(0, Math.min(most, Math.floor(y / TILE_PX)));
    const first = bound(-top - TILE_PX / 2);
    const last = bound(window.innerHeight - top + TILE_PX / 2);
    setStrips((before) => (before.first === first && before.last === last ? before : { first, last }));
  }, [element, height]);
  useEffect(() => {
    const frame = requestAnimationFrame(measure);
    window.addEventListener('scroll', measure, { passive: true });
    window.addEventListener('resize', measure);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', measure);
      window.removeEventListener('resize', measure);
    };
  }, [measure]);
  return strips;
}

/** The value once it has been the same for a while; undefined until then. */
export function useRested<Value>(value: Value, ms: number): Value | undefined {
  const [rested, setRested] = useState<Value | undefined>(undefined);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested === value ? rested : undefined;
}
