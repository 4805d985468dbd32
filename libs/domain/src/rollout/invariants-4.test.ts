import { describeInvariants } from './testing/invariants.suite.js';

describeInvariants(4);
