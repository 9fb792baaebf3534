// Probes and targets for tests: plain ones, with what a test names.

import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import type { TestContext } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import type { ListenAddress } from '../../src/model/listener.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import {
  PLAIN_EXPECTATION,
  PLAIN_PROBE,
  PLAIN_PROBE_TLS,
  type Probe,
  type ProbeCheck,
  type ProbeTls,
  type ResponseExpectation,
  type TextTest,
} from '../../src/model/probe.ts'
import type { CheckAnswer, Checker, CheckTime } from '../../src/probe/checker.ts'
import type { ProbeTarget } from '../../src/probe/prober.ts'
import { afterTest } from '../harness/after-test.ts'

export const PLAIN_TLS: ProbeTls = { ...PLAIN_PROBE_TLS, isVerified: false }

export const CONNECT: ProbeCheck = { kind: 'tcp', tls: null, send: '', expect: null }

export function contains(text: string, changes: Partial<TextTest> = {}): TextTest {
  return { kind: 'contains', text, isCaseInsensitive: false, isNegated: false, ...changes }
}

export function regex(text: string, changes: Partial<TextTest> = {}): TextTest {
  return { kind: 'regex', text, isCaseInsensitive: false, isNegated: false, ...changes }
}

export function expecting(changes: Partial<ResponseExpectation>): ResponseExpectation {
  return { ...PLAIN_EXPECTATION, ...changes }
}

export interface TargetOptions {
  readonly key?: string
  readonly check?: ProbeCheck
  readonly probe?: Partial<Probe>
  readonly address?: ListenAddress
  readonly peerName?: string
}

export function makeTarget(options: TargetOptions = {}): ProbeTarget {
  const check = options.check ?? CONNECT
  const address = options.address ?? { kind: 'tcp', host: '127.0.0.1', port: 1 }
  const written = address.kind === 'unix' ? `unix:${address.path}` : `127.0.0.1:${address.port}`
  return {
    key: options.key ?? 'backend 127.0.0.1',
    check,
    probe: { ...PLAIN_PROBE, name: check.kind, origin: BUILT_IN, check, ...options.probe },
    address,
    peerName: options.peerName ?? written,
  }
}

export function machineTime(): CheckTime {
  const clock = new SystemClock()
  return { clock, wheel: new TimerWheel(clock) }
}

/** Asks once. */
export function ask(checker: Checker): Promise<CheckAnswer> {
  return new Promise(resolve => checker.start(resolve))
}

/** Listens on a port that the kernel chooses, until the test ends. */
export async function listen(t: TestContext, server: Server): Promise<ListenAddress> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterTest(t, () => {
    // Servers of HTTP keep connections; others have no such method.
    if ('closeAllConnections' in server)
      (server as { closeAllConnections(): void }).closeAllConnections()
    server.close()
  })
  return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}
