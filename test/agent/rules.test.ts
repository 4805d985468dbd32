import { openSimulated } from './open-simulated.js';
import { describeRulesSuite } from './rules-suite.js';

describeRulesSuite('a simulated cluster', openSimulated);
