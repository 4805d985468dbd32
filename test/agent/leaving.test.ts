import { describeLeavingSuite } from './leaving-suite.js';
import { openSimulated } from './open-simulated.js';

describeLeavingSuite('a simulated cluster', openSimulated);
