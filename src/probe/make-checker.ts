// The kinds of checks: one row for each.

import { unreachable } from '../base/assert.ts'
import type { Checker, CheckTime } from './checker.ts'
import { CombinedChecker } from './combined-check.ts'
import { ExternalChecker } from './external-check.ts'
import { FixedChecker } from './fixed-check.ts'
import { FunctionChecker } from './function-check.ts'
import { HttpChecker } from './http-check.ts'
import { PingChecker } from './ping-check.ts'
import type { ProbeTarget } from './probe-target.ts'
import { TcpChecker } from './tcp-check.ts'

/** Makes what asks a target its question. */
export function makeChecker(target: ProbeTarget, time: CheckTime): Checker {
  const { check } = target
  switch (check.kind) {
    case 'http':
      return new HttpChecker(target, check, time)
    case 'tcp':
      return new TcpChecker(target, check, time)
    case 'external':
      return new ExternalChecker(target, check, time)
    case 'ping':
      return new PingChecker(target, check, time)
    case 'function':
      return new FunctionChecker(target, check)
    case 'combined':
      return new CombinedChecker(target, check, time, makeChecker)
    case 'fixed':
      return new FixedChecker(check)
    default:
      return unreachable(check)
  }
}
