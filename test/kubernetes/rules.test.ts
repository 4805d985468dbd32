import { describeMendSuite } from '../agent/mend-suite.js';
import { describeRulesSuite } from '../agent/rules-suite.js';
import { openReal } from './open-real.js';

describeRulesSuite('a real control plane', openReal);
describeMendSuite('a real control plane', openReal);
