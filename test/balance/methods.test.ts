// Every row of the table of methods against the suite of the seam.

import { METHODS } from '../../src/balance/methods.ts'
import type { Method } from '../../src/model/upstream.ts'
import { balancerSuite } from './balancer-suite.ts'

for (const method of Object.keys(METHODS) as Method[]) balancerSuite(method)
