import { describeAgentSuite } from './agent-suite.js';
import { describeApplySuite } from './apply-suite.js';
import { openSimulated } from './open-simulated.js';

describeAgentSuite('a simulated cluster', openSimulated);
describeApplySuite('a simulated cluster', openSimulated);
