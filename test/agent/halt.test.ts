import { describeHaltSuite } from './halt-suite.js';
import { openSimulated } from './open-simulated.js';

describeHaltSuite('a simulated cluster', openSimulated);
