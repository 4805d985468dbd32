/**
 * The rules whose naive form was tried and failed, each as a switch. All of them are on, always; the property tests switch one
 * off at a time and require that a test fails, which is the only proof that the tests can see it.
 */
export interface EngineRules {
  /** Budgets are resolved once, at plan; off: again from those who are left whenever a cluster leaves. */
  readonly budgetsFixedAtPlan: boolean;
  /** Any report of the generation acknowledges; off: only one that says progressing. */
  readonly anyReportAcknowledges: boolean;
  /** Holds are a set; off: there is one, the latest. */
  readonly holdsAreASet: boolean;
  /** A person's hold goes over to the rollout that supersedes; off: it is lost. */
  readonly userHoldInherited: boolean;
  /** Only a report passes a target; off: so does the deadline. */
  readonly onlyReportsPass: boolean;
  /** A regression stays until retry; off: the next healthy report mends it. */
  readonly regressionSticks: boolean;
  /** Silence after the acknowledgement is a failure; off: it is counted as unreachable. */
  readonly lostIsFailed: boolean;
  /** A deferred cluster that returns takes a slot; off: it costs none. */
  readonly returnedTakesSlot: boolean;
  /** A superseded rollout's clusters in flight count in the new one; off: they are forgotten. */
  readonly inFlightCarried: boolean;
  /** Unacknowledged assignments are rewritten when their release is taken back; off: they stay. */
  readonly unackedRewritten: boolean;
  /** A rolled-back release is barred; off: the next poll starts it again. */
  readonly rolledBackBarred: boolean;
  /** The hub's own absence moves the deadlines; off: it counts as the clusters' silence. */
  readonly gapMovesDeadlines: boolean;
}

export const ENGINE_RULES: EngineRules = {
  budgetsFixedAtPlan: true,
  anyReportAcknowledges: true,
  holdsAreASet: true,
  userHoldInherited: true,
  onlyReportsPass: true,
  regressionSticks: true,
  lostIsFailed: true,
  returnedTakesSlot: true,
  inFlightCarried: true,
  unackedRewritten: true,
  rolledBackBarred: true,
  gapMovesDeadlines: true,
};
