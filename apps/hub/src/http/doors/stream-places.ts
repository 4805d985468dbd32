/** Streams that one caller may hold open. */
const MAX_STREAMS = 20;

/** Places for streams, so many for each caller. */
export class StreamPlaces {
  private readonly taken = new Map<string, number>();

  /** False: all of the caller's are taken. Else the place is free again when the answer is closed. */
  take(caller: string, response: { once(event: 'close', listener: () => void): unknown }): boolean {
    const count = this.taken.get(caller) ?? 0;
    if (count >= MAX_STREAMS) return false;
    this.taken.set(caller, count + 1);
    response.once('close', () => {
      const left = (this.taken.get(caller) ?? 1) - 1;
      if (left > 0) this.taken.set(caller, left);
      else this.taken.delete(caller);
    });
    return true;
  }
}
