import { describeAsksSuite } from './asks-suite.js';
import { openSimulated } from './open-simulated.js';

describeAsksSuite('a simulated cluster', openSimulated);
