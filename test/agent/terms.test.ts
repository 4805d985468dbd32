import { openSimulated } from './open-simulated.js';
import { describeTermsSuite } from './terms-suite.js';

describeTermsSuite('a simulated cluster', openSimulated);
