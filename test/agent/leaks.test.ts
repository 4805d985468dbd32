import { describeLeakSuite } from './leak-suite.js';
import { openSimulated } from './open-simulated.js';

describeLeakSuite('a simulated cluster', openSimulated);
