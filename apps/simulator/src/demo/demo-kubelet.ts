import { type ControlPlane, type InstalledAgent, callApiServer } from '#control-plane';
import { messageOf } from '#kit';

const LOOK_EVERY_MS = 2_000;
/** A token lasts an hour. */
const TOKEN_EVERY_MS = 30 * 60_000;
const DEPLOYMENT = '/apis/apps/v1/namespaces/flotilla-system/deployments/flotilla-agent';

/**
 * What a kubelet is to the agent's Pod: it runs for as long as its Deployment is there, anew when that changes or the process has
 * ended, and with a token that does not get old.
 */
export class DemoKubelet {
  private template = '';
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isStopped = false;
  private tokenAt = 0;

  constructor(
    private readonly plane: ControlPlane,
    private readonly agent: InstalledAgent,
    private readonly say: (line: string) => void,
  ) {}

  /** Settles when the agent is ready; rejects when it is not. */
  async start(): Promise<void> {
    this.template = (await this.read()) ?? '';
    await this.begin();
    this.lookLater();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.looking;
    await this.agent.kill('SIGTERM');
  }

  private lookLater(): void {
    this.timer = setTimeout(() => {
      this.looking = this.look()
        .catch((error: unknown) => this.say(messageOf(error, 300)))
        .finally(() => {
          if (!this.isStopped) this.lookLater();
        });
    }, LOOK_EVERY_MS);
  }

  private async look(): Promise<void> {
    const template = await this.read();
    if (template === undefined || this.isStopped) return;
    if (template === null) {
      if (this.agent.isRunning) {
        await this.agent.kill('SIGTERM');
        this.say('the agent was uninstalled, and has stopped');
      }
      return;
    }
    if (template !== this.template || !this.agent.isRunning) {
      this.say(this.agent.isRunning ? 'the agent starts anew: its Deployment has changed' : 'the agent starts again');
      this.template = template;
      await this.agent.kill('SIGTERM');
      await this.begin();
    } else if (performance.now() - this.tokenAt > TOKEN_EVERY_MS) {
      await this.agent.renewToken();
      this.tokenAt = performance.now();
    }
  }

  private async begin(): Promise<void> {
    this.tokenAt = performance.now();
    await this.agent.start();
  }

  /** The Pods' template; null: there is no Deployment; undefined: the API server does not say. */
  private async read(): Promise<string | null | undefined> {
    const { url, caFile, adminToken } = this.plane;
    const answer = await callApiServer({ url, caFile, token: adminToken }, 'GET', DEPLOYMENT).catch(() => undefined);
    if (answer?.status === 404) return null;
    if (answer?.status !== 200) return undefined;
    const { spec } = JSON.parse(answer.body) as { spec: { template: unknown } };
    return JSON.stringify(spec.template);
  }
}
