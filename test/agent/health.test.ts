import { describeHealthSuite } from './health-suite.js';
import { openSimulated } from './open-simulated.js';

describeHealthSuite('a simulated cluster', openSimulated);
