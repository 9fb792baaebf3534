// What a real is asked: ldirectord's check types and services as questions of the prober. Over HTTP
// as libwww-perl does it there: redirects are followed, the last answer must be a 2xx, certificates
// are not looked at.

import type { Origin } from '../../model/origin.ts'
import {
  PLAIN_EXPECTATION,
  PLAIN_HTTP_CHECK,
  PLAIN_PROBE_TLS,
  type ProbeCheck,
  type ProbeTls,
  type TextTest,
} from '../../model/probe.ts'
import type { RegexProblem } from '../nginx/pcre.ts'
import { type CheckType, type Draft, settled, type VirtualDraft } from './draft.ts'
import { makeLineTest, makeTest } from './perl-regex.ts'
import type { Reading } from './reading.ts'
import type { RealLine } from './real-line.ts'
import { SERVICES, type ServiceCheck, serviceOfPort } from './services.ts'

/** Redirects that libwww-perl follows. */
const REDIRECTS_MAX = 7

const UNVERIFIED: ProbeTls = { ...PLAIN_PROBE_TLS, isVerified: false }

const CONNECT: ProbeCheck = { kind: 'tcp', tls: null, send: '', expect: null }

/** How a section checks its reals. */
export interface CheckPlan {
  readonly type: CheckType
  /** Name of the service. */
  readonly service: string
  /** What probes are called in logs. */
  readonly name: string
  /** Makes the check of one real, or of all with null. */
  readonly checkOf: (real: RealLine | null) => ProbeCheck
}

/** The service of a section: as written, or by its port. */
export function serviceOf({ values, port }: VirtualDraft): string {
  return values.service?.value ?? serviceOfPort(port)
}

/** Decides how a section's reals are asked; undefined where they cannot be. */
export function planChecks(
  virtual: VirtualDraft,
  globals: Draft,
  reading: Reading,
): CheckPlan | undefined {
  const { values } = virtual
  const type: CheckType = values.checktype?.value ?? { kind: 'negotiate' }
  const service = serviceOf(virtual)
  switch (type.kind) {
    case 'connect':
      return { type, service, name: 'connect', checkOf: () => CONNECT }
    case 'on':
    case 'off': {
      const isUp = type.kind === 'on'
      return { type, service, name: type.kind, checkOf: () => ({ kind: 'fixed', isUp }) }
    }
    case 'ping': {
      const tries = settled('checkcount', [values, globals], 1)
      return { type, service, name: 'ping', checkOf: () => ({ kind: 'ping', tries }) }
    }
    case 'external': {
      const command = reading.program(values.checkcommand?.value ?? '/bin/true')
      return { type, service, name: command, checkOf: () => external(command) }
    }
    case 'negotiate':
      return planQuestion(type, service, virtual, reading)
    case 'combined': {
      const full = planQuestion(type, service, virtual, reading)
      if (full === undefined) return undefined
      // What is always good says nothing: the connections alone tell.
      if (full.checkOf(null).kind === 'fixed')
        return { ...full, name: 'connect', checkOf: () => CONNECT }
      const { connects } = type
      return {
        ...full,
        checkOf: real => ({ kind: 'combined', connects, full: full.checkOf(real) }),
      }
    }
  }
}

function external(command: string): ProbeCheck {
  return { kind: 'external', command, arguments: [], environment: [] }
}

function planQuestion(
  type: CheckType,
  service: string,
  virtual: VirtualDraft,
  reading: Reading,
): CheckPlan | undefined {
  const { check } = SERVICES.get(service)!
  const { values } = virtual
  const plan = { type, service }
  switch (check.kind) {
    case 'none':
      return { ...plan, name: 'none', checkOf: () => ({ kind: 'fixed', isUp: true }) }
    case 'refused': {
      const problem = `Cannot ask for ${service}: it needs a client of its own`
      const hint = 'write checktype=connect, or checktype=external with a program that asks'
      reading.diagnostics.error(problem, values.service?.origin ?? virtual.origin, hint)
      return undefined
    }
    case 'greeting':
      return planGreeting(plan, check, virtual, reading)
    case 'lines':
      return { ...plan, name: 'simpletcp', checkOf: real => lineCheck(real, virtual) }
    case 'http':
      if (values.httpmethod?.value === 'HEAD' && values.receive !== undefined) {
        const message = 'An answer to HEAD has no body, so "receive" never matches and all are out'
        const hint = 'write httpmethod=GET, or leave "receive" out'
        reading.diagnostics.warning(message, values.httpmethod.origin, hint)
      }
      return {
        ...plan,
        name: pathOf(values.request?.value ?? '/'),
        checkOf: real => httpCheck(real, check.isTls, virtual, reading),
      }
  }
}

function planGreeting(
  plan: Pick<CheckPlan, 'type' | 'service'>,
  { regex, isTls }: Extract<ServiceCheck, { readonly kind: 'greeting' }>,
  { values }: VirtualDraft,
  reading: Reading,
): CheckPlan | undefined {
  const { service } = plan
  const asked = service === 'ftp' ? (values.request ?? values.receive) : undefined
  const further = asked ?? (/^(?:imap|pop)s?$/.test(service) ? values.login : undefined)
  if (further !== undefined) {
    const problem = `Cannot go on after the greeting of ${service}: nobody logs in here`
    const hint = 'leave the line out, or write checktype=external with a program that asks'
    reading.diagnostics.error(problem, further.origin, hint)
    return undefined
  }
  const expect: TextTest = {
    kind: 'regex',
    text: regex,
    isCaseInsensitive: false,
    isNegated: false,
  }
  const tls = isTls ? UNVERIFIED : null
  return { ...plan, name: service, checkOf: () => ({ kind: 'tcp', tls, send: '', expect }) }
}

/** The request without its first slash; any line will do where none is described. */
function lineCheck(real: RealLine | null, virtual: VirtualDraft): ProbeCheck {
  const { values } = virtual
  const request = real?.pair?.request.text ?? values.request?.value ?? '/'
  const send = request.replace(/^\//, '').replaceAll('\\n', '\n')
  const expect = testOf(real, virtual, makeLineTest) ?? ANYTHING
  return { kind: 'tcp', tls: null, send, expect }
}

const ANYTHING: TextTest = {
  kind: 'regex',
  text: '[^]',
  isCaseInsensitive: false,
  isNegated: false,
}

function httpCheck(
  real: RealLine | null,
  isTls: boolean,
  virtual: VirtualDraft,
  reading: Reading,
): ProbeCheck {
  const { values } = virtual
  const own = real?.pair?.request ?? null
  const path =
    own === null ? pathOf(values.request?.value ?? '/') : ownPath(real!, isTls, virtual, reading)
  const test = testOf(real, virtual, makeTest)
  return {
    ...PLAIN_HTTP_CHECK,
    tls: isTls ? UNVERIFIED : null,
    method: values.httpmethod?.value ?? 'GET',
    path,
    host: values.virtualhost?.value ?? (real === null ? null : hostOf(real)),
    redirectsMax: REDIRECTS_MAX,
    expect: {
      ...PLAIN_EXPECTATION,
      statuses: [[200, 299]],
      body: test === null ? [] : [test],
    },
  }
}

/** The address alone: ldirectord writes no port into Host. */
function hostOf({ host }: RealLine): string {
  return host.includes(':') ? `[${host}]` : host
}

/** A path with its first slash, and nothing in it that a request line cannot have. */
function pathOf(request: string): string {
  const path = request.startsWith('/') ? request : `/${request}`
  return path.replaceAll(/[^\x21-\x7e]+|["<>\\^`{|}]/g, encoded)
}

function encoded(text: string): string {
  return [...Buffer.from(text)]
    .map(byte => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
    .join('')
}

/** The request of one real: a path, or a URL that names that real. */
function ownPath(
  real: RealLine,
  isTls: boolean,
  { values }: VirtualDraft,
  reading: Reading,
): string {
  const { text, start } = real.pair!.request
  const url = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(text)
  if (url === null) return pathOf(text)
  const [, scheme, place = '', path = ''] = url
  const isOwn = place.replace(/:\d+$/, '').toLowerCase() === hostOf(real)
  const port = Number(/:(\d+)$/.exec(place)?.[1] ?? (isTls ? 443 : 80))
  // Without either the port is that of the virtual server, or of the service.
  const checkedPort = values.checkport?.value ?? real.port ?? port
  const hint = 'write the path alone; "virtualhost" is for the name, "checkport" for the port'
  const refuse = (problem: string) =>
    void reading.refuse(real.statement, problem, hint, start, start + text.length)
  if (!isOwn || (scheme === 'https') !== isTls) {
    refuse(`Cannot ask "${scheme}://${place}" about another server`)
  } else if (port !== checkedPort) {
    refuse(`Cannot ask port ${port} about a real that is checked at port ${checkedPort}`)
  }
  return pathOf(path)
}

/** The test of an answer; null where none is described, or where `checkPatterns` refuses it. */
function testOf(
  real: RealLine | null,
  { values }: VirtualDraft,
  make: (pattern: string) => TextTest | RegexProblem,
): TextTest | null {
  const own = real?.pair?.receive ?? null
  if (own !== null && own.text === '') return null
  const part = own ?? values.receive?.value ?? null
  if (part === null) return null
  const test = make(part.text)
  return 'problem' in test ? null : test
}

/** Reports the regexes of a section that cannot be used. */
export function checkPatterns(
  virtual: VirtualDraft,
  reals: readonly RealLine[],
  reading: Reading,
): void {
  const report = (pattern: string, placeOf: (start: number, end: number) => Origin) => {
    const test = makeTest(pattern)
    if (!('problem' in test)) return
    const { problem, start, end } = test
    const isOurs = problem.startsWith('Cannot')
    const message = isOurs ? problem : `Cannot use the regex "${pattern}": ${problem}`
    reading.diagnostics.error(message, placeOf(start, end))
  }
  const { receive } = virtual.values
  if (receive !== undefined) {
    const { origin, value } = receive
    report(value.text, (start, end) => within(origin, value.start, start, end))
  }
  for (const { pair, statement } of reals) {
    if (pair === null) continue
    const { text, start: from } = pair.receive
    report(text, (start, end) => reading.place(statement, from + start, from + end))
  }
}

/** A part of a place on one line. */
function within(origin: Origin, offset: number, start: number, end: number): Origin {
  const column = origin.column + offset
  return { ...origin, column: column + start, endColumn: column + Math.max(end, start + 1) }
}
