export { type Certificates, type CertificateNames, ensureCertificates } from './certificates.js';
export { type EmbeddedNats, type EmbeddedNatsOptions, startEmbeddedNats } from './embedded-nats.js';
export { MINIMUM_NATS_VERSION, natsServerConfiguration, type NatsServerSettings } from './nats-configuration.js';
export { type BusKeys, busKeysText, ensureBusKeys, makeBusKeys, readBusKeys } from './nats-keys.js';
export { isPublicNkey, verifyNkey } from './nkey.js';
