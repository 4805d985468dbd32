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
  /** Who may have begun with a release without a word is a part of its rollback; off: only who is told to run it now. */
  readonly unackedTakenBack: boolean;
  /** An approval is for the wave as it was planned then; off: it holds whatever is planned anew. */
  readonly approvalsBindToPlan: boolean;
  /** A schedule gate is looked at anew each time; off: once open it stays open. */
  readonly schedulesLookedAtAnew: boolean;
  /** A gate takes answers of its own rollout and wave alone; off: of any gate that is called so. */
  readonly answersOfTheirOwn: boolean;
  /** No soak ends on a cluster whose last word is progressing; off: only failed ones matter. */
  readonly soakWaitsForUnsteady: boolean;
  /** Windows matter whenever a cluster has its turn; off: a wave that is open assigns at any time. */
  readonly windowsAtEachTurn: boolean;
  /** A freeze stops assigning; off: it only keeps waves from opening. */
  readonly freezeStopsAssigning: boolean;
  /** A cluster hold is for clusters in flight, too; off: those are re-assigned, as their slot is their own. */
  readonly heldAlsoInFlight: boolean;
  /** What a held cluster has not acknowledged is taken back from it; off: it stays. */
  readonly heldUnackedRewritten: boolean;
  /** A hard pause goes over to the rollout that supersedes; off: that one is paused softly. */
  readonly hardPauseInherited: boolean;
  /** What a release deletes is asked about before its first assignment; off: nobody asks. */
  readonly deletionsAskedFirst: boolean;
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
  unackedTakenBack: true,
  approvalsBindToPlan: true,
  schedulesLookedAtAnew: true,
  answersOfTheirOwn: true,
  soakWaitsForUnsteady: true,
  windowsAtEachTurn: true,
  freezeStopsAssigning: true,
  heldAlsoInFlight: true,
  heldUnackedRewritten: true,
  hardPauseInherited: true,
  deletionsAskedFirst: true,
};
