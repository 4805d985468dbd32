import { describeAgentSuite } from '../agent/agent-suite.js';
import { describeApplySuite } from '../agent/apply-suite.js';
import { describeHaltSuite } from '../agent/halt-suite.js';
import { openReal } from './open-real.js';

describeAgentSuite('a real control plane', openReal);
describeApplySuite('a real control plane', openReal);
describeHaltSuite('a real control plane', openReal);
