import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { AccessGuard } from './http/access/access.guard.js';
import { Callers } from './http/access/callers.js';
import { IDENTIFIERS, type Identifier } from './http/access/identifier.js';
import { DocumentCheck } from './http/access/document-check.js';
import { Reach } from './http/access/reach.js';
import { requirePermits, type DeclaredRoute } from './http/access/require-permits.js';
import { TargetCheck } from './http/access/target-check.js';
import { TokenIdentifier } from './http/access/token-identifier.js';
import { ApplyController } from './http/apply.controller.js';
import { ApplyDocuments } from './http/apply-documents.js';
import { AskAgent } from './http/asks/ask-agent.js';
import { AsksController } from './http/asks/asks.controller.js';
import { BundleDiffReader } from './http/bundle-diff-reader.js';
import { ClustersController } from './http/clusters.controller.js';
import { ClusterHolds } from './http/commands/cluster-holds.js';
import { CommandWork } from './http/commands/command-work.js';
import { FleetFreeze } from './http/commands/fleet-freeze.js';
import { Rollbacks } from './http/commands/rollbacks.js';
import { RolloutCommands } from './http/commands/rollout-commands.js';
import { EventFeed } from './http/event-feed.js';
import { WebhookDoor } from './http/webhooks/webhook-door.js';
import { WebhooksController } from './http/webhooks/webhooks.controller.js';
import { CredentialsController } from './http/credentials.controller.js';
import { DeclaredFleetController } from './http/declared.controller.js';
import { PolicyFindingsController } from './http/policy-findings.controller.js';
import { EventsController } from './http/events.controller.js';
import { FleetCommandsController } from './http/fleet-commands.controller.js';
import { FleetController } from './http/fleet.controller.js';
import { GrantsController } from './http/grants.controller.js';
import { HealthController } from './http/health.controller.js';
import { HistoryExport } from './http/history-export.js';
import { CellKeeper } from './http/live/cell-keeper.js';
import { LiveController } from './http/live/live.controller.js';
import { LiveFeed } from './http/live/live-feed.js';
import { BrowserSessions } from './http/login/browser-sessions.js';
import { IdentityProvider } from './http/login/identity-provider.js';
import { LoginCodes } from './http/login/login-codes.js';
import { LoginController } from './http/login/login.controller.js';
import { SessionDoor } from './http/login/session-door.js';
import { SessionIdentifier } from './http/login/session-identifier.js';
import { Sessions } from './http/login/sessions.js';
import { SessionsController } from './http/login/sessions.controller.js';
import { SignIn } from './http/login/sign-in.js';
import { JoinController } from './http/join.controller.js';
import { OpenApi, OpenApiController } from './http/openapi.js';
import { PageController } from './http/page/page.controller.js';
import { PastReader } from './http/past-reader.js';
import { PlanReader } from './http/plan-reader.js';
import { ProblemFilter } from './http/problem.filter.js';
import { declaredControllers } from './http/resources.controller.js';
import { ReceiptReader } from './http/receipt-reader.js';
import { Rehearser } from './http/rehearser.js';
import { ReleasingController } from './http/releasing.controller.js';
import { RolloutCommandsController } from './http/rollout-commands.controller.js';
import { RolloutHistoryController } from './http/rollout-history.controller.js';
import { RolloutReader } from './http/rollout-reader.js';
import { RolloutsController } from './http/rollouts.controller.js';
import { TokensController } from './http/tokens.controller.js';
import { TrustController } from './http/trust.controller.js';
import { validationPipe } from './http/validate.js';
import { WhyController } from './http/why.controller.js';
import { WhyClusterReader } from './http/why-cluster-reader.js';
import { WhyReader } from './http/why-reader.js';
import { Brakes } from './declared/brakes.js';
import { FleetKeeper } from './declared/fleet-keeper.js';
import { FleetPass } from './declared/fleet-pass.js';
import { FleetReader } from './declared/fleet-reader.js';
import { Credentials } from './installation/credentials.js';
import { Join } from './installation/join.js';
import { Leaving } from './installation/leaving.js';
import { Membership } from './installation/membership.js';
import { Registration } from './installation/registration.js';
import { Revocations } from './installation/revocations.js';
import {
  CERTIFICATES,
  CHART_SOURCE,
  CLOCK,
  GIT_CREDENTIALS,
  SECRET_BOX,
  GIT_SOURCE,
  HUB_BUS,
  LOGGER,
  METRICS,
  RENDERER,
  SETTINGS,
  SIGNER,
  STORE,
  type HubParts,
} from './parts.js';
import { Advance } from './steps/advance/advance.js';
import { Alive } from './steps/advance/alive.js';
import { FreezeKeeper } from './steps/advance/freeze-keeper.js';
import { Stepper } from './steps/advance/stepper.js';
import { BundleDrops } from './steps/assign/bundle-drops.js';
import { MakeRelease } from './steps/assign/make-release.js';
import { ManifestWriter } from './steps/assign/manifest-writer.js';
import { ManualStart } from './steps/assign/manual-start.js';
import { Reconcile } from './steps/assign/reconcile.js';
import { ReconcileWork } from './steps/assign/reconcile-work.js';
import { ReadStartInputs } from './steps/assign/start-inputs.js';
import { StartRelease } from './steps/assign/start-release.js';
import { TakeSources } from './steps/assign/take-sources.js';
import { Unchanged } from './steps/assign/unchanged.js';
import { Relay } from './steps/assign/relay.js';
import { CollectReports } from './steps/collect/collect-reports.js';
import { PlacedReports } from './steps/collect/placed-reports.js';
import { Presence } from './steps/collect/presence.js';
import { PresenceRecord } from './steps/collect/presence-record.js';
import { Silence } from './steps/collect/silence.js';
import { Verdicts } from './steps/collect/verdicts.js';
import { Ingest } from './steps/ingest/ingest.js';
import { SourceReader } from './steps/ingest/source-reader.js';
import { GateAsker } from './steps/gates/gate-asker.js';
import { StepTimer } from './steps/step-timer.js';
import { BundleKeeper } from './steps/render/bundle-keeper.js';
import { BundleShelf } from './steps/render/bundle-shelf.js';
import { ChartQuestions } from './steps/render/chart-questions.js';
import { Exports } from './steps/render/exports.js';
import { HelmInputs } from './steps/render/helm-inputs.js';
import { OverlayContents } from './steps/render/overlay-contents.js';
import { RenderOverlays } from './steps/render/render-overlays.js';
import { ServedApis } from './steps/render/served-apis.js';
import { TreeIds } from './steps/render/tree-ids.js';
import { Notary } from './trust/notary.js';
import { Rotation } from './trust/rotation.js';
import { TrustKeeper } from './trust/trust-keeper.js';
import { TrustReader } from './trust/trust-reader.js';
import { AskForHub } from './validation/ask-hub.js';
import { CheckMembers } from './validation/check-members.js';
import { CheckPolicies } from './validation/check-policies.js';
import { ClusterApis } from './validation/cluster-apis.js';
import { FirstWaveDryRun } from './validation/first-wave-dry-run.js';
import { Validation } from './validation/validation.js';

/** The corridor's steps in their order. */
const steps: Provider[] = [
  StepTimer,
  SourceReader,
  Ingest,
  BundleShelf,
  BundleKeeper,
  Exports,
  TreeIds,
  OverlayContents,
  ServedApis,
  HelmInputs,
  ChartQuestions,
  RenderOverlays,
  AskForHub,
  ClusterApis,
  CheckMembers,
  CheckPolicies,
  Validation,
  FirstWaveDryRun,
  Reconcile,
  ReconcileWork,
  Unchanged,
  TakeSources,
  MakeRelease,
  StartRelease,
  BundleDrops,
  ReadStartInputs,
  ManualStart,
  ManifestWriter,
  Relay,
  CollectReports,
  PlacedReports,
  Verdicts,
  Presence,
  PresenceRecord,
  Silence,
  Stepper,
  Advance,
  FreezeKeeper,
  Alive,
  GateAsker,
];

const doors: Provider[] = [
  Notary,
  Rotation,
  TrustKeeper,
  TrustReader,
  ApplyDocuments,
  AskAgent,
  Brakes,
  BundleDiffReader,
  Callers,
  CellKeeper,
  ClusterHolds,
  CommandWork,
  Credentials,
  DocumentCheck,
  EventFeed,
  FleetFreeze,
  FleetKeeper,
  FleetPass,
  FleetReader,
  HistoryExport,
  Join,
  Leaving,
  Membership,
  OpenApi,
  PastReader,
  PlanReader,
  Reach,
  ReceiptReader,
  Registration,
  Revocations,
  Rehearser,
  Rollbacks,
  RolloutCommands,
  RolloutReader,
  TargetCheck,
  TokenIdentifier,
  BrowserSessions,
  IdentityProvider,
  LiveFeed,
  LoginCodes,
  SessionDoor,
  SessionIdentifier,
  Sessions,
  SignIn,
  WebhookDoor,
  WhyClusterReader,
  WhyReader,
  // In the order in which they are asked.
  { provide: IDENTIFIERS, useFactory: (...all: Identifier[]) => all, inject: [TokenIdentifier, SessionIdentifier] },
];

const controllers: Type[] = [
  PageController,
  HealthController,
  OpenApiController,
  JoinController,
  ApplyController,
  ClustersController,
  AsksController,
  FleetController,
  WhyController,
  FleetCommandsController,
  DeclaredFleetController,
  PolicyFindingsController,
  RolloutsController,
  RolloutCommandsController,
  RolloutHistoryController,
  ReleasingController,
  EventsController,
  LiveController,
  TokensController,
  GrantsController,
  LoginController,
  SessionsController,
  CredentialsController,
  TrustController,
  WebhooksController,
  ...declaredControllers,
];

/** Every route as it is declared: what is public, and what is not. */
export const hubRoutes = (): readonly DeclaredRoute[] => requirePermits(controllers);

/** The one composition root: ports come in as values, everything else is made here. */
@Module({})
export class HubModule {
  static on(parts: HubParts): DynamicModule {
    const ports: Provider[] = [
      { provide: STORE, useValue: parts.store },
      { provide: HUB_BUS, useValue: parts.bus },
      { provide: GIT_SOURCE, useValue: parts.git },
      { provide: CHART_SOURCE, useValue: parts.charts },
      { provide: GIT_CREDENTIALS, useValue: parts.credentials },
      { provide: SECRET_BOX, useValue: parts.box },
      { provide: RENDERER, useValue: parts.renderer },
      { provide: CLOCK, useValue: parts.clock },
      { provide: SIGNER, useValue: parts.signer },
      { provide: CERTIFICATES, useValue: parts.certificates },
      { provide: SETTINGS, useValue: parts.settings },
      { provide: LOGGER, useValue: parts.log },
      { provide: METRICS, useValue: parts.metrics },
    ];
    return {
      module: HubModule,
      imports: [ScheduleModule.forRoot()],
      controllers,
      providers: [
        ...ports,
        ...steps,
        ...doors,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useValue: validationPipe() },
      ],
    };
  }
}
