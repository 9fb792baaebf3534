// What is said of probes and alerts whatever the dialect: times that do not pass, counts that are
// never reached, requests that cannot be sent, tests that cannot fail, and alerts without a way out.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkProbes } from '../../src/model/check-probes.ts'
import type { Origin } from '../../src/model/origin.ts'
import {
  type Alerts,
  type HttpCheck,
  PLAIN_EXPECTATION,
  PLAIN_HTTP_CHECK,
  PLAIN_PROBE,
  PLAIN_PROBE_TLS,
  type Probe,
  type ProbeCheck,
  type ProbeTls,
  type ResponseExpectation,
  type TextTest,
} from '../../src/model/probe.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../src/model/upstream.ts'

const origin: Origin = { file: 'site.conf', line: 1, column: 1, endColumn: 2 }
const elsewhere: Origin = { file: 'site.conf', line: 7, column: 3, endColumn: 9 }

const ALERTS: Alerts = {
  command: null,
  webhook: null,
  mailTo: [],
  mailFrom: '',
  smtp: '',
  repeatMs: 0,
}

function upstream(parts: Partial<Upstream>): Upstream {
  const address = { kind: 'tcp' as const, host: '10.0.0.1', port: 80 }
  const peers = [{ ...PLAIN_PEER, origin, name: '10.0.0.1', address }]
  const keepalive = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false }
  const base = { ...PLAIN_UPSTREAM, origin, name: 'app', peers, keepalive, isImplicit: false }
  return { ...base, ...parts }
}

function probe(parts: Partial<Probe>): Probe {
  return { origin, ...PLAIN_PROBE, name: 'a', check: PLAIN_HTTP_CHECK, ...parts }
}

function findings(parts: Partial<Upstream>): string[] {
  const found: string[] = []
  checkProbes(upstream(parts), (severity, message) => {
    found.push(`${severity}: ${message}`)
  })
  return found
}

const ofProbe = (parts: Partial<Probe>): string[] => findings({ probes: [probe(parts)] })
const ofCheck = (check: ProbeCheck): string[] => ofProbe({ check })
const ofHttp = (parts: Partial<HttpCheck>): string[] => ofCheck({ ...PLAIN_HTTP_CHECK, ...parts })
const ofExpect = (parts: Partial<ResponseExpectation>): string[] =>
  ofHttp({ expect: { ...PLAIN_EXPECTATION, ...parts } })
const ofTls = (parts: Partial<ProbeTls>): string[] =>
  ofHttp({ tls: { ...PLAIN_PROBE_TLS, ...parts } })
const ofTest = (parts: Partial<TextTest>): string[] =>
  ofExpect({
    body: [{ kind: 'contains', text: 'a', isCaseInsensitive: false, isNegated: false, ...parts }],
  })
const ofAlerts = (parts: Partial<Alerts>): string[] =>
  findings({ alerts: { ...ALERTS, command: 'tell', ...parts } })

const FINE: readonly (readonly [what: string, found: string[]])[] = [
  ['a plain probe', ofProbe({})],
  ['the shortest times', ofProbe({ intervalMs: 50, doubtIntervalMs: 50, timeoutMs: 1 })],
  ['a port', ofProbe({ port: 65_535 })],
  ['a path with a query', ofHttp({ path: '/a%20b?c=d#e' })],
  [
    'fields',
    ofHttp({
      headers: [
        ['X-A', 'é'],
        ['Accept', ''],
      ],
    }),
  ],
  ['redirects', ofHttp({ redirectsMax: 20 })],
  ['a certificate with its key', ofTls({ certificatePath: '/c', keyPath: '/k' })],
  ['any status', ofExpect({ statuses: [[100, 999]] })],
  ['no status that is bad', ofExpect({ statuses: [], isStatusNegated: true })],
  ['an empty field', ofExpect({ headers: [{ name: 'a', isAbsent: false, test: empty() }] })],
  ['a program', ofCheck({ kind: 'external', command: 'a', arguments: [], environment: [] })],
  ['connects', ofCheck({ kind: 'combined', connects: 1, full: PLAIN_HTTP_CHECK })],
  ['a fixed answer', ofCheck({ kind: 'fixed', isUp: false })],
  ['another question for the first peer', ofProbe({ checksOfPeers: { 0: PLAIN_HTTP_CHECK } })],
  ['alerts to a program', ofAlerts({})],
  ['alerts by mail', ofAlerts({ mailTo: ['root', 'a@b.c'], smtp: '[::1]:25', mailFrom: 'a' })],
  ['alerts to a URL', ofAlerts({ webhook: 'https://example.com/a?b' })],
]

function empty(): TextTest {
  return { kind: 'equal', text: '', isCaseInsensitive: false, isNegated: false }
}

const WRONG: readonly (readonly [found: string[], ...messages: string[]])[] = [
  [
    ofProbe({ intervalMs: 0, doubtIntervalMs: 49, downIntervalMs: 1 }),
    'error: Cannot ask peers every 0ms: "interval" wants 50ms or more',
    'error: Cannot ask peers every 49ms: "fast_interval" wants 50ms or more',
    'error: Cannot ask peers every 1ms: "down_interval" wants 50ms or more',
  ],
  [
    ofProbe({ timeoutMs: 0 }),
    'error: Cannot wait for no time: the "timeout" of a probe wants a time such as 2s',
  ],
  [
    ofProbe({ rise: 0, fall: 1.5 }),
    'error: Cannot use 0 good checks in a row: wants a whole number from 1',
    'error: Cannot use 1.5 bad checks in a row: wants a whole number from 1',
  ],
  [ofProbe({ port: 0 }), 'error: Cannot use port 0: wants one from 1 to 65535'],
  [
    ofProbe({
      timeoutMs: 10,
      check: { ...PLAIN_HTTP_CHECK, expect: { ...PLAIN_EXPECTATION, withinMs: 11 } },
    }),
    "warning: No answer takes 11ms: the probe's timeout is 10ms",
  ],
  [ofHttp({ path: 'a' }), 'error: Cannot ask for the path "a"'],
  [ofHttp({ path: '/\r\nX: y' }), 'error: Cannot ask for the path "/\r\nX: y"'],
  [ofHttp({ method: 'a b' }), 'error: Cannot ask with the method "a b"'],
  [ofHttp({ method: 'CONNECT' }), 'error: Cannot ask with the method "CONNECT"'],
  [ofHttp({ host: 'a\nb' }), 'error: Cannot use "a\nb" as the Host of a probe'],
  [ofHttp({ headers: [['a b', '']] }), 'error: Cannot use "a b" as the name of a request field'],
  [
    ofHttp({ headers: [['Transfer-Encoding', 'chunked']] }),
    'error: Cannot set the field "Transfer-Encoding" of a probe: it writes it itself',
  ],
  [ofHttp({ headers: [['HOST', 'a']] }), 'error: Cannot set Host among the fields of a probe'],
  [
    ofHttp({ headers: [['A', 'b\r\nC: d']] }),
    'error: Cannot use this value for the field "A" of a probe',
  ],
  [ofHttp({ redirectsMax: 21 }), 'error: Cannot follow 21 redirects: wants 0 to 20'],
  [
    ofTls({ certificatePath: '/c' }),
    "error: A probe's certificate and key come together: the key is missing",
  ],
  [
    ofCheck({ kind: 'tcp', tls: { ...PLAIN_PROBE_TLS, keyPath: '/k' }, send: '', expect: null }),
    "error: A probe's certificate and key come together: the certificate is missing",
  ],
  [ofTls({ daysLeftMin: -1 }), 'error: Cannot want -1 days: wants a whole number from 0'],
  [ofExpect({ statuses: [] }), 'error: No status would be good: name at least one'],
  [
    ofExpect({
      statuses: [
        [300, 200],
        [99, 100],
      ],
    }),
    'error: Cannot use 300-200 as statuses: wants from 100 to 999, the lower first',
    'error: Cannot use 99-100 as statuses: wants from 100 to 999, the lower first',
  ],
  [
    ofExpect({ headers: [{ name: 'a b', test: null, isAbsent: false }] }),
    'error: Cannot use "a b" as the name of a response field',
  ],
  [
    ofExpect({ headers: [{ name: 'a', test: empty(), isAbsent: true }] }),
    'error: The field "a" shall be absent and pass a test',
  ],
  [ofTest({ text: '' }), 'error: A test for the empty text always passes'],
  [ofTest({ text: '', isNegated: true }), 'error: A test for the empty text never passes'],
  [ofTest({ kind: 'regex', text: '(' }), 'error: Cannot use the regex "(": Unterminated group'],
  [
    ofCheck({ kind: 'external', command: '', arguments: [], environment: [] }),
    'error: A probe of type external without its command',
  ],
  [
    ofCheck({ kind: 'function', modulePath: '' }),
    'error: A probe of type function without its module',
  ],
  [ofCheck({ kind: 'ping', tries: 0 }), 'error: Cannot ping 0 times: wants a whole number from 1'],
  [
    ofCheck({ kind: 'combined', connects: 0, full: { ...PLAIN_HTTP_CHECK, path: 'a' } }),
    'error: Cannot ask in full after 0 connects: wants a whole number from 1',
    'error: Cannot ask for the path "a"',
  ],
  [
    ofCheck({ kind: 'combined', connects: 1, full: { kind: 'fixed', isUp: true } }),
    'error: Cannot mix connects with a probe of type fixed',
  ],
  [
    ofProbe({ checksOfPeers: { 0: { ...PLAIN_HTTP_CHECK, path: 'a' }, 1: PLAIN_HTTP_CHECK } }),
    'error: Cannot ask for the path "a"',
    'error: Cannot ask peer 2 of upstream "app"',
  ],
  [findings({ alerts: { ...ALERTS, repeatMs: 1 } }), 'warning: Alerts that reach nobody'],
  [ofAlerts({ webhook: 'ftp://a' }), 'error: Cannot tell the webhook "ftp://a"'],
  [ofAlerts({ webhook: 'a' }), 'error: Cannot tell the webhook "a"'],
  [ofAlerts({ mailTo: ['a b'] }), 'error: Cannot use "a b" as a mail address'],
  [ofAlerts({ mailFrom: 'a\nBcc: b' }), 'error: Cannot use "a\nBcc: b" as a mail address'],
  [ofAlerts({ smtp: 'a/b' }), 'error: Cannot use "a/b" as an SMTP server'],
]

describe('checkProbes', () => {
  for (const [what, found] of FINE) {
    it(`says nothing of ${what}`, () => {
      assert.deepEqual(found, [])
    })
  }

  for (const [found, ...messages] of WRONG) {
    it(`says: ${messages.map(message => message.replaceAll(/\s/g, ' ')).join('; ')}`, () => {
      assert.deepEqual(found, messages)
    })
  }

  it('points at the property that is wrong, else at the probe', () => {
    const places: Origin[] = []
    const check = { ...PLAIN_HTTP_CHECK, path: 'a', method: 'a b' }
    const probes = [probe({ check, origins: { path: elsewhere } })]
    checkProbes(upstream({ probes }), (_severity, _message, place) => {
      places.push(place)
    })
    assert.deepEqual(places, [origin, elsewhere])
  })
})
