import { describeAgentBusContract } from '#ports/contract-suites/agent-bus-contract-suite';
import { describeHubBusContract } from '#ports/contract-suites/hub-bus-contract-suite';
import { RealBroker } from './real-broker.suite.js';

describeHubBusContract('nats-server', () => RealBroker.open());
describeAgentBusContract('nats-server', () => RealBroker.open());
