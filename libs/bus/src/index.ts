export { addAuthority, type Authority, keepAuthorities } from './authorities.js';
export { type Certificates, type CertificateNames, ensureCertificates } from './certificates.js';
export { credentialLife } from './credential-life.js';
export { type EmbeddedNats, type EmbeddedNatsOptions, startEmbeddedNats } from './embedded-nats.js';
export { natsServerConfiguration, type NatsServerSettings } from './nats-configuration.js';
export {
  type BusKeys,
  type BusKeysSource,
  busKeysText,
  ensureBusKeys,
  makeBusKeys,
  openBusKeys,
  readBusKeys,
} from './nats-keys.js';
export { isPublicNkey, verifyNkey } from './nkey.js';
export { type AgentBusOptions, connectAgentBus, openAgentBus, type OpenAgentBus } from './agent-bus.js';
export { makeAgentKey, signByAgentKey } from './agent-key.js';
export { shownAuthorities } from './shown-certificate.js';
export { connectHubBus, type HubBusOptions } from './connect-hub-bus.js';
export { type FakeAgentOptions } from './fake-agent-bus.js';
export { type FakeBus, makeFakeBus } from './fake-bus.js';
