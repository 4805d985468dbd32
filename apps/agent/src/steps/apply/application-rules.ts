import { hasHealthRules, type HealthRule, type RuleJudge } from '#domain';

/** What an application says of the health of its custom resources. */
export class ApplicationRules {
  private rules: readonly HealthRule[] = [];
  private judge: RuleJudge | undefined;

  /** What they say of objects of a kind, given as `group/Kind`; undefined: nothing, or it is a kind that health knows. */
  judgeOf(groupKind: string): RuleJudge | undefined {
    const isNamed = this.rules.some(({ kind }) => kind === groupKind);
    return isNamed && !hasHealthRules(groupKind) ? this.judge : undefined;
  }

  /** Whether others are asked for than those that are gone by. */
  differ(rules: readonly HealthRule[] = []): boolean {
    return textOf(rules) !== textOf(this.rules);
  }

  /**
   * From now on these are gone by. Answers the kinds whose objects are to be judged anew.
   * CEL is loaded with the first rule: it is code that most agents never run.
   */
  async take(rules: readonly HealthRule[] = []): Promise<ReadonlySet<string>> {
    if (!this.differ(rules)) return new Set();
    this.judge = rules.length === 0 ? undefined : (await import('#domain/health-rules')).judgeByRules(rules);
    const before = this.rules;
    this.rules = rules;
    const kinds = new Set([...before, ...rules].map(({ kind }) => kind));
    const of = (list: readonly HealthRule[], kind: string): string => textOf(list.filter((each) => each.kind === kind));
    return new Set([...kinds].filter((kind) => of(before, kind) !== of(rules, kind)));
  }
}

function textOf(rules: readonly HealthRule[]): string {
  return JSON.stringify(
    rules.map(({ kind, failed, suspended, progressing, healthy, message }) => [
      kind,
      failed,
      suspended,
      progressing,
      healthy,
      message,
    ]),
  );
}
