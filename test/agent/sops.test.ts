import { openSimulated } from './open-simulated.js';
import { describeSopsSuite } from './sops-suite.js';

describeSopsSuite('a simulated cluster', openSimulated);
