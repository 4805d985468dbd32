import { type Heartbeat, PROTOCOL_VERSION, type Withdrawal } from '#domain';
import type { AgentBus } from '#ports';
import { jittered } from '../../common.js';
import type { Facts } from '../join/facts.js';

export interface HeartbeatOptions {
  readonly cluster: string;
  readonly boot: number;
  readonly version: string;
  readonly bus: AgentBus;
  readonly sequence: () => number;
  /** Generation of the trust document that is stored. */
  readonly trust: () => number;
  /** How far it came with taking everything down; null: it does not. */
  readonly withdrawal?: () => Withdrawal | null;
  readonly everyMs: () => number;
  readonly random: () => number;
}

/** The sign of life: every minute, and at once when there is something to tell. Facts go along when they are new to the hub. */
export class HeartbeatSender {
  private timer: NodeJS.Timeout | undefined;
  private facts: Facts = {};
  private apis: string | undefined;
  private factsTold = '';
  private closed = false;

  constructor(private readonly options: HeartbeatOptions) {}

  /** What the cluster is; told with the next heartbeat if it changed. */
  setFacts(facts: Facts): void {
    this.facts = facts;
  }

  /** Digest of what the API server serves; told with the next heartbeat if it changed. Whether it did. */
  setApis(apis: string): boolean {
    const isNews = apis !== this.apis;
    this.apis = apis;
    return isNews;
  }

  /** After a reconnect the hub may be another one, or have missed the last. */
  tellFactsAgain(): void {
    this.factsTold = '';
  }

  send(): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    const { cluster, boot, version, bus, sequence, trust, everyMs, random } = this.options;
    if (bus.connected()) {
      const facts = `${JSON.stringify(this.facts)}${this.apis ?? ''}`;
      const withdrawal = this.options.withdrawal?.();
      const tell = facts !== this.factsTold && Object.keys(this.facts).length > 0;
      const heartbeat: Heartbeat = {
        protocol: PROTOCOL_VERSION,
        cluster,
        sequence: sequence(),
        boot,
        version,
        trust: trust(),
        ...(tell && { facts: this.facts, ...(this.apis !== undefined && { apis: this.apis }) }),
        ...(withdrawal && { withdrawal }),
      };
      bus.publishHeartbeat(Buffer.from(JSON.stringify(heartbeat)));
      if (tell) this.factsTold = facts;
    }
    this.timer = setTimeout(() => this.send(), jittered(everyMs(), random));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }
}
