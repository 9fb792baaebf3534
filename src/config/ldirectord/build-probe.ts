// The probe of a section: its question, how often it is asked and how long it may take. A real is
// out until its first good check, and stays as it was over a reload, as the kernel's table does.

import { PLAIN_PROBE, type Probe, type ProbeCheck } from '../../model/probe.ts'
import { type CheckPlan, planChecks } from './build-check.ts'
import { type Draft, settled, type VirtualDraft } from './draft.ts'
import type { Reading } from './reading.ts'
import type { RealLine } from './real-line.ts'
import { mayBeHttp, portOfService } from './services.ts'

const SECOND_MS = 1000

/** What holds where nothing is written, in seconds. */
const CHECK_TIMEOUT = 5
const NEGOTIATE_TIMEOUT = 30
const CHECK_INTERVAL = 10

/** Makes the probe of a section; null where its reals cannot be asked as it says. */
export function buildProbe(
  virtual: VirtualDraft,
  globals: Draft,
  reals: readonly RealLine[],
  reading: Reading,
): Probe | null {
  const plan = planChecks(virtual, globals, reading)
  if (plan === undefined) return null
  warnOfTraffic(virtual, plan, reading)
  const { values, host, port } = virtual
  const drafts = [values, globals]
  const check = plan.checkOf(null)
  const checksOfPeers = ownChecks(plan, check, reals)
  return {
    origin: values.checktype?.origin ?? virtual.origin,
    origins: placesOf(values),
    ...PLAIN_PROBE,
    name: plan.name,
    check,
    ...(checksOfPeers === null ? {} : { checksOfPeers }),
    port: portOf(virtual, plan, reals, reading),
    intervalMs: intervalOf(virtual, globals, reading) * SECOND_MS,
    timeoutMs: timeoutOf(plan, values, globals) * SECOND_MS,
    fall: settled('failurecount', drafts, 1),
    isMandatory: true,
    isPersistent: true,
    isAskedOnFailure: true,
    keepsSessions: settled('quiescent', drafts, false),
    virtual: { kind: 'tcp', host, port },
  }
}

/** Where the parts of the probe were written. */
function placesOf(values: Draft): NonNullable<Probe['origins']> {
  const written = {
    path: values.request,
    method: values.httpmethod,
    host: values.virtualhost,
    expect: values.receive,
    command: values.checkcommand,
    port: values.checkport,
  }
  return Object.fromEntries(
    Object.entries(written).flatMap(([property, value]) =>
      value === undefined ? [] : [[property, value.origin] as const],
    ),
  )
}

/** The port that is checked in place of the reals'; reals without one have that of the service. */
function portOf(
  { values, port, origin }: VirtualDraft,
  { type, service }: CheckPlan,
  reals: readonly RealLine[],
  reading: Reading,
): number | null {
  if (type.kind === 'external') {
    // The program is told the port that requests go to, as there.
    if (values.checkport !== undefined) {
      const message = 'A program gets the port of the real: "checkport" is without effect here'
      reading.note(values.checkport.origin, message)
    }
    return null
  }
  if (values.checkport !== undefined) return values.checkport.value
  const usual = portOfService(service)
  const isOther = usual !== null && usual !== port
  if (!isOther || reals.some(real => real.port !== null)) return null
  const asked = `checked at that of ${service}, ${usual}`
  const message = `Reals without a port are ${asked}, and used at ${port}`
  reading.note(reals[0]?.origin ?? origin, message, 'write their port, or checkport')
  return usual
}

/** The checks of the reals that differ from the section's; null where none does. */
function ownChecks(
  { checkOf }: CheckPlan,
  common: ProbeCheck,
  reals: readonly RealLine[],
): Readonly<Record<number, ProbeCheck>> | null {
  const own: Record<number, ProbeCheck> = {}
  for (const [index, real] of reals.entries()) {
    const check = checkOf(real)
    if (JSON.stringify(check) !== JSON.stringify(common)) own[index] = check
  }
  return Object.keys(own).length === 0 ? null : own
}

/** Each timeout stands in for the other, in the section and then at the margin. */
function timeoutOf({ type }: CheckPlan, values: Draft, globals: Draft): number {
  const check = [values.checktimeout, globals.checktimeout].map(written => written?.value)
  const negotiate = [values.negotiatetimeout, globals.negotiatetimeout].map(
    written => written?.value,
  )
  if (type.kind === 'negotiate' || type.kind === 'combined') {
    return negotiate[0] ?? check[0] ?? negotiate[1] ?? check[1] ?? NEGOTIATE_TIMEOUT
  }
  const seconds = check[0] ?? negotiate[0] ?? check[1] ?? negotiate[1] ?? CHECK_TIMEOUT
  return type.kind === 'ping' ? seconds * settled('checkcount', [values, globals], 1) : seconds
}

/** A section's own interval counts where each has a process of its own, as in ldirectord. */
export function intervalOf({ values }: VirtualDraft, globals: Draft, reading: Reading): number {
  const standard = globals.checkinterval?.value ?? CHECK_INTERVAL
  const own = values.checkinterval
  if (own === undefined) return standard
  if (globals.fork?.value === true) return own.value
  if (own.value !== standard) {
    const message = `Without "fork=yes" reals are checked every ${standard} s: this is not read`
    const hint = 'write fork=yes above the sections, or checkinterval at the margin'
    reading.diagnostics.warning(message, own.origin, hint)
  }
  return standard
}

/** Says what a director of packets passes on and a proxy of requests does not. */
function warnOfTraffic(
  virtual: VirtualDraft,
  { type, service }: CheckPlan,
  reading: Reading,
): void {
  const { values, port, origin } = virtual
  const where = values.service?.origin ?? origin
  if (service === 'none' && type.kind === 'negotiate' && values.service === undefined) {
    const message = `Reals are never checked: no service belongs to port ${port}`
    reading.diagnostics.warning(message, where, 'write service=http, or checktype=connect')
  }
  // A port of its own for checks says nothing of what clients speak.
  if (values.checkport !== undefined) return
  if (service === 'https') {
    const message = 'TLS neither comes in nor goes out: clients and reals must speak plain HTTP'
    reading.diagnostics.warning(message, where, 'let another program end TLS before this one')
  } else if (!mayBeHttp(service)) {
    const message = `Only HTTP is passed on: clients that speak ${service} get no answer`
    reading.diagnostics.warning(message, where, 'let ldirectord keep this virtual server')
  }
}
