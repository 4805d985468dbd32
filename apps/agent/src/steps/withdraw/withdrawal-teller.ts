import type { Withdrawal } from '#domain';

const LOOK_MS = 500;

/** While everything is taken down, tells at once how far that came: the hub waits for its end. */
export class WithdrawalTeller {
  private timer: NodeJS.Timeout | undefined;
  private told = '';

  constructor(
    /** Null: nothing is taken down. */
    private readonly withdrawal: () => Withdrawal | null,
    private readonly tell: () => void,
  ) {}

  /** A manifest was accepted. */
  look(): void {
    if (this.withdrawal() !== null) this.timer ??= setInterval(() => this.check(), LOOK_MS);
    else this.close();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private check(): void {
    const text = JSON.stringify(this.withdrawal());
    if (text === this.told) return;
    this.told = text;
    this.tell();
  }
}
