// What must hold in the probes of a group and in its alerts, whatever the dialect: times that pass,
// counts that are reached, requests that can be sent, regexes that compile, people and hooks that
// can be told.

import { validateHeaderName, validateHeaderValue } from 'node:http'

import type { Report } from './check.ts'
import { checkRegex } from './check-regex.ts'
import { type Origin, originOf } from './origin.ts'
import type {
  Alerts,
  Probe,
  ProbeCheck,
  ProbeTls,
  ResponseExpectation,
  StatusRange,
  TextTest,
} from './probe.ts'
import type { Upstream } from './upstream.ts'

/** Redirects that a check may follow: past this they go round in a circle. */
export const PROBE_REDIRECTS_MAX = 20

/** Below this a probe is a load test. */
export const PROBE_INTERVAL_MS_MIN = 50

/** Checks the probes and alerts of one group. */
export function checkProbes(upstream: Upstream, report: Report): void {
  for (const probe of upstream.probes) {
    checkTimes(probe, report)
    checkCounts(probe, report)
    checkQuestion(probe.check, property => placeIn(probe, property), report)
    for (const [index, check] of Object.entries(probe.checksOfPeers ?? {})) {
      const origin = originOf(probe, 'checksOfPeers')
      checkQuestion(check, () => origin, report)
      if (Number(index) < upstream.peers.length) continue
      const problem = `Cannot ask peer ${Number(index) + 1} of upstream "${upstream.name}"`
      report('error', problem, origin, `it has ${upstream.peers.length}`)
    }
  }
  if (upstream.alerts !== null) checkAlerts(upstream.alerts, originOf(upstream, 'alerts'), report)
}

/** Where something of the question was written: readers name the properties of the check. */
type Place = (property: string) => Origin

function placeIn(probe: Probe, property: string): Origin {
  return probe.origins?.[property] ?? originOf(probe, 'check')
}

const TIMES = {
  intervalMs: 'interval',
  doubtIntervalMs: 'fast_interval',
  downIntervalMs: 'down_interval',
} as const

function checkTimes(probe: Probe, report: Report): void {
  for (const [property, word] of Object.entries(TIMES)) {
    const value = probe[property as keyof typeof TIMES]
    if (value === null || value >= PROBE_INTERVAL_MS_MIN) continue
    const problem = `Cannot ask peers every ${value}ms: "${word}" wants ${PROBE_INTERVAL_MS_MIN}ms or more`
    report('error', problem, originOf(probe, property))
  }
  if (probe.timeoutMs < 1) {
    const problem = 'Cannot wait for no time: the "timeout" of a probe wants a time such as 2s'
    report('error', problem, originOf(probe, 'timeoutMs'))
  }
  const within = probe.check.kind === 'http' ? probe.check.expect.withinMs : 0
  if (within > probe.timeoutMs && probe.timeoutMs > 0) {
    const problem = `No answer takes ${within}ms: the probe's timeout is ${probe.timeoutMs}ms`
    report('warning', problem, placeIn(probe, 'expect'), 'a longer "timeout", or a shorter time')
  }
}

function checkCounts(probe: Probe, report: Report): void {
  for (const [property, word] of [
    ['rise', 'good'],
    ['fall', 'bad'],
  ] as const) {
    const value = probe[property]
    if (Number.isSafeInteger(value) && value >= 1) continue
    const problem = `Cannot use ${value} ${word} checks in a row: wants a whole number from 1`
    report('error', problem, originOf(probe, property))
  }
  const { port } = probe
  if (port === null || (Number.isInteger(port) && port >= 1 && port <= 65_535)) return
  const problem = `Cannot use port ${port}: wants one from 1 to 65535`
  report('error', problem, originOf(probe, 'port'))
}

function checkQuestion(check: ProbeCheck, at: Place, report: Report): void {
  switch (check.kind) {
    case 'http':
      checkRequest(check, at, report)
      checkTls(check.tls, at('tls'), report)
      checkExpectation(check.expect, at('expect'), report)
      break
    case 'tcp':
      checkTls(check.tls, at('tls'), report)
      if (check.expect !== null) checkTest(check.expect, at('expect'), report)
      break
    case 'external':
      if (check.command !== '' && !check.command.includes('\0')) break
      report('error', 'A probe of type external without its command', at('command'))
      break
    case 'function':
      if (check.modulePath !== '') break
      report('error', 'A probe of type function without its module', at('modulePath'))
      break
    case 'ping':
      if (check.tries >= 1) break
      report('error', `Cannot ping ${check.tries} times: wants a whole number from 1`, at('tries'))
      break
    case 'combined':
      checkCombined(check, at, report)
      break
    case 'fixed':
  }
}

function checkCombined(
  { connects, full }: Extract<ProbeCheck, { readonly kind: 'combined' }>,
  at: Place,
  report: Report,
): void {
  if (!(Number.isSafeInteger(connects) && connects >= 1)) {
    const problem = `Cannot ask in full after ${connects} connects: wants a whole number from 1`
    report('error', problem, at('connects'))
  }
  if (full.kind === 'combined' || full.kind === 'fixed') {
    report('error', `Cannot mix connects with a probe of type ${full.kind}`, at('connects'))
  } else {
    checkQuestion(full, at, report)
  }
}

/** The characters of a method (RFC 9110 §9.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Fields that make the message itself: the probe writes them. */
const OWN_FIELDS = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade'])

function checkRequest(
  check: Extract<ProbeCheck, { readonly kind: 'http' }>,
  at: Place,
  report: Report,
): void {
  const { method, path, host, headers, redirectsMax } = check
  if (!TOKEN.test(method) || method === 'CONNECT') {
    const hint = 'methods are such as GET, HEAD or POST'
    report('error', `Cannot ask with the method "${method}"`, at('method'), hint)
  }
  if (!/^\/[\x21-\x7e]*$/.test(path)) {
    const hint = 'a path begins with "/" and has no blanks: write them as %20'
    report('error', `Cannot ask for the path "${path}"`, at('path'), hint)
  }
  if (host !== null && !/^[\x21-\x7e]+$/.test(host)) {
    report('error', `Cannot use "${host}" as the Host of a probe`, at('host'), 'write a name')
  }
  for (const [name, value] of headers) checkField(name, value, at('headers'), report)
  if (redirectsMax < 0 || redirectsMax > PROBE_REDIRECTS_MAX) {
    const problem = `Cannot follow ${redirectsMax} redirects: wants 0 to ${PROBE_REDIRECTS_MAX}`
    report('error', problem, at('redirectsMax'))
  }
}

function checkField(name: string, value: string, origin: Origin, report: Report): void {
  if (!isFieldName(name)) {
    report('error', `Cannot use "${name}" as the name of a request field`, origin)
  } else if (OWN_FIELDS.has(name.toLowerCase())) {
    report('error', `Cannot set the field "${name}" of a probe: it writes it itself`, origin)
  } else if (name.toLowerCase() === 'host') {
    report('error', 'Cannot set Host among the fields of a probe', origin, 'write it as "host"')
  } else if (!isFieldValue(name, value)) {
    const hint = 'a value has no line break and no characters beyond Latin-1'
    report('error', `Cannot use this value for the field "${name}" of a probe`, origin, hint)
  }
}

function isFieldName(name: string): boolean {
  return passes(() => validateHeaderName(name))
}

function isFieldValue(name: string, value: string): boolean {
  return passes(() => validateHeaderValue(name, value))
}

/** Node's own checks throw. */
function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return false
  }
}

function checkTls(tls: ProbeTls | null, origin: Origin, report: Report): void {
  if (tls === null) return
  if ((tls.certificatePath === null) !== (tls.keyPath === null)) {
    const missing = tls.keyPath === null ? 'key' : 'certificate'
    report(
      'error',
      `A probe's certificate and key come together: the ${missing} is missing`,
      origin,
    )
  }
  if (Number.isSafeInteger(tls.daysLeftMin) && tls.daysLeftMin >= 0) return
  report('error', `Cannot want ${tls.daysLeftMin} days: wants a whole number from 0`, origin)
}

function checkExpectation(expect: ResponseExpectation, origin: Origin, report: Report): void {
  const { statuses, isStatusNegated, headers, body, withinMs } = expect
  if (statuses.length === 0 && !isStatusNegated) {
    report('error', 'No status would be good: name at least one', origin)
  }
  for (const range of statuses) checkRange(range, origin, report)
  for (const { name, test, isAbsent } of headers) {
    if (!isFieldName(name)) {
      report('error', `Cannot use "${name}" as the name of a response field`, origin)
    }
    if (isAbsent && test !== null) {
      report('error', `The field "${name}" shall be absent and pass a test`, origin)
    }
    if (test !== null) checkTest(test, origin, report)
  }
  for (const test of body) checkTest(test, origin, report)
  if (withinMs < 0) report('error', `Cannot use ${withinMs}ms as the time of an answer`, origin)
}

function checkRange([from, to]: StatusRange, origin: Origin, report: Report): void {
  const isWhole = Number.isInteger(from) && Number.isInteger(to)
  if (isWhole && from >= 100 && to <= 999 && from <= to) return
  const problem = `Cannot use ${from}-${to} as statuses: wants from 100 to 999, the lower first`
  report('error', problem, origin)
}

function checkTest({ kind, text, isNegated }: TextTest, origin: Origin, report: Report): void {
  if (kind === 'regex') checkRegex(text, origin, report)
  if (kind !== 'contains' || text !== '') return
  const always = isNegated ? 'never' : 'always'
  report('error', `A test for the empty text ${always} passes`, origin, 'write what is looked for')
}

function checkAlerts(alerts: Alerts, origin: Origin, report: Report): void {
  const { command, webhook, mailTo, mailFrom, smtp, repeatMs } = alerts
  if (command === null && webhook === null && mailTo.length === 0) {
    const hint = 'name a command, a webhook or who gets mail'
    report('warning', 'Alerts that reach nobody', origin, hint)
  }
  if (webhook !== null && !/^https?:$/.test(urlOf(webhook)?.protocol ?? '')) {
    const hint = 'write a URL: https://example.com/hook'
    report('error', `Cannot tell the webhook "${webhook}"`, origin, hint)
  }
  for (const address of mailFrom === '' ? mailTo : [...mailTo, mailFrom]) {
    if (/^[^\s@<>,;]+(?:@[^\s@<>,;]+)?$/.test(address)) continue
    const hint = 'write an address: admin@example.com'
    report('error', `Cannot use "${address}" as a mail address`, origin, hint)
  }
  const server = smtp === '' ? null : urlOf(`smtp://${smtp}`)
  if (smtp !== '' && (server === null || server.hostname === '' || /[/?#@\s]/.test(smtp))) {
    const hint = 'write host or host:port'
    report('error', `Cannot use "${smtp}" as an SMTP server`, origin, hint)
  }
  if (repeatMs < 0) report('error', `Cannot repeat an alert every ${repeatMs}ms`, origin)
}

function urlOf(text: string): URL | null {
  return URL.parse(text)
}
