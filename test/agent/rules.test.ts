import { describeMendSuite } from './mend-suite.js';
import { describeRulesSuite } from './rules-suite.js';
import { openSimulated } from './open-simulated.js';

describeRulesSuite('a simulated cluster', openSimulated);
describeMendSuite('a simulated cluster', openSimulated);
