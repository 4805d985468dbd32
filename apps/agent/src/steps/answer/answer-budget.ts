import { MAX_ANSWER_BYTES } from '#contract';

/** Room for what stands around the items. */
const FRAME_BYTES = 512 * 1024;
/** All that items may take. */
export const ANSWER_ROOM = MAX_ANSWER_BYTES - FRAME_BYTES;

/** How much an answer may still hold. */
export class AnswerBudget {
  private left: number;
  private items = 0;
  private dropped = 0;

  constructor(
    private readonly mostItems: number,
    bytes = ANSWER_ROOM,
  ) {
    this.left = bytes;
  }

  /** Whether an item still goes in; one that does not is counted. */
  take(item: unknown): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (this.items >= this.mostItems || bytes > this.left) {
      this.dropped += 1;
      return false;
    }
    this.items += 1;
    this.left -= bytes;
    return true;
  }

  get droppedItems(): number {
    return this.dropped;
  }
}
