export { type Certificates, type CertificateNames, ensureCertificates } from './certificates.js';
export { type EmbeddedNats, type EmbeddedNatsOptions, startEmbeddedNats } from './embedded-nats.js';
export { MINIMUM_NATS_VERSION, natsServerConfiguration, type NatsServerSettings } from './nats-configuration.js';
export { type BusKeys, busKeysText, ensureBusKeys, makeBusKeys, readBusKeys } from './nats-keys.js';
export { isPublicNkey, verifyNkey } from './nkey.js';
export { type AgentBusOptions, connectAgentBus, openAgentBus, type OpenAgentBus } from './agent-bus.js';
export { makeAgentKey, signByAgentKey } from './agent-key.js';
export { connectHubBus, type HubBusOptions } from './connect-hub-bus.js';
