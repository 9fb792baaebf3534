// The keys that stand beside `type` in `probe`: the request and its TLS, what is sent and must come,
// the program or module. One table for all types; probe-check.ts says which key is for which.

import { PLAIN_PROBE_TLS, type ProbeTls } from '../../model/probe.ts'
import { list, mergedByName } from './collections.ts'
import { checkFieldName } from './header-kinds.ts'
import { escapeText } from './interpolation.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION } from './measures.ts'
import { COMMAND, FILE_PATH } from './paths.ts'
import { CHECK_TYPES, type CheckDraft, type Pair } from './probe-check.ts'
import { RESPONSE, TEXT_TEST } from './probe-expect.ts'
import { record } from './record.ts'
import { isSameData, type Row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, choice, freeText, integer } from './words.ts'

const tlsRow = rowsOf<ProbeTls>()
const TLS_MAPPING: Kind<ProbeTls> = record<ProbeTls>({
  label: '`true`, `false`, mapping',
  wanted: 'true, false, or a mapping such as { server_name: app.internal }',
  place: 'in "tls"',
  rows: [
    tlsRow('server_name', 'serverName', nullable(freeText('name', 'a name such as app.internal')), {
      doc: 'SNI, and the name that the certificate must have; without, the host of the request',
      nginx: 'proxy_ssl_name',
    }),
    tlsRow('verify', 'isVerified', BOOLEAN, {
      doc: 'The certificate must be trusted and in its time',
      nginx: 'proxy_ssl_verify',
    }),
    tlsRow('ca', 'trustedPath', nullable(FILE_PATH), {
      doc: 'PEM file of the certificates to trust in place of the usual ones',
      nginx: 'proxy_ssl_trusted_certificate',
    }),
    tlsRow('certificate', 'certificatePath', nullable(FILE_PATH), {
      doc: 'PEM file of our own certificate',
      nginx: 'proxy_ssl_certificate',
    }),
    tlsRow('key', 'keyPath', nullable(FILE_PATH), {
      doc: 'PEM file of its key',
      nginx: 'proxy_ssl_certificate_key',
    }),
    tlsRow('days_left', 'daysLeftMin', integer(0, 10_000), {
      doc: 'Days that the certificate must still hold; 0 = not looked at',
    }),
  ],
  blank: () => PLAIN_PROBE_TLS,
})

const TLS: Kind<ProbeTls | null> = {
  ...TLS_MAPPING,
  schema: () => ({ anyOf: [BOOLEAN.schema(), TLS_MAPPING.schema()] }),
  read(node, reading) {
    if (scalarText(node) === null) return TLS_MAPPING.read(node, reading)
    const isOn = BOOLEAN.read(node, reading)
    return isOn === undefined ? undefined : isOn ? PLAIN_PROBE_TLS : null
  },
  write(tls) {
    if (tls === null) return false
    return isSameData(tls, PLAIN_PROBE_TLS) ? true : TLS_MAPPING.write(tls)
  },
}

/** Makes the kind of a mapping from names to texts, in their order. */
function pairs(
  what: string,
  example: string,
  check: (name: string) => string,
  fold: (name: string) => string,
): Kind<readonly Pair[]> {
  const value = freeText('text', 'a text', true)
  const pairRow = rowsOf<{ readonly name: string; readonly value: string }>()
  const full = record<{ readonly name: string; readonly value: string }>({
    label: what,
    wanted: `a mapping such as { name: ${example} }`,
    place: `in a ${what}`,
    rows: [
      pairRow('name', 'name', freeText('name', 'a name'), { doc: 'Its name', isRequired: true }),
      pairRow('value', 'value', value, { doc: 'Its value', isRequired: true }),
    ],
    blank: () => ({ name: '', value: '' }),
    finish: (draft, node, reading) => {
      const problem = check(draft.name)
      return problem === '' ? draft : reading.error(node, problem)
    },
  })
  const named = mergedByName({
    label: `mapping of ${what}s`,
    wanted: `a mapping such as { ${example} }`,
    value,
    full,
    nameOf: item => item.name,
    isSameName: (a, b) => fold(a) === fold(b),
    checkName: check,
    readItem: (entry, node, reading) => {
      const text = value.read(node, reading)
      return text === undefined ? undefined : { name: entry.name, value: text }
    },
    writeItem: item => value.write(item.value),
  })
  const items = (values: readonly Pair[]) => values.map(([name, text]) => ({ name, value: text }))
  return {
    ...named,
    read: (node, reading, inherited = []) =>
      named.read(node, reading, items(inherited))?.map(item => [item.name, item.value]),
    write: (values, inherited = []) => named.write(items(values), items(inherited)),
  }
}

const HEADERS = pairs('header field', 'Accept: text/html', checkFieldName, name =>
  name.toLowerCase(),
)
const ENVIRONMENT = pairs('variable', 'HOME: /var/empty', checkVariable, name => name)

function checkVariable(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? '' : `Cannot name a variable "${name}"`
}

const HOST: Kind<string | null> = wordKind<string | null>({
  label: 'text',
  wanted: 'a name such as app.internal, or "" for the peer as it is written',
  schema: { type: 'string' },
  parse: text => text,
  print: host => escapeText(host ?? ''),
})

const checkRow = rowsOf<CheckDraft>()
const EXPECTED_TEXT = nullable(TEXT_TEST)

/** `expect` says what a response must be, or for tcp what must come. */
const EXPECT_ROW: Row<CheckDraft> = {
  ...checkRow('expect', 'response', RESPONSE, {
    doc:
      'What the response must be; for `tcp` a text, or `{ regex }`, that must come, where `""` is ' +
      'nothing',
    nginx: 'match',
  }),
  shape: {
    ...RESPONSE,
    label: 'mapping, text',
    schema: () => ({ anyOf: [RESPONSE.schema(), TEXT_TEST.schema()] }),
  },
  read(entry, reading, draft, origins) {
    origins.expect = reading.origin(entry.key)
    if (draft.type !== 'tcp') return RESPONSE_ROW.read(entry, reading, draft, origins)
    const isNone = entry.value !== null && scalarText(entry.value) === ''
    return isNone ? { ...draft, answer: null } : ANSWER_ROW.read(entry, reading, draft, origins)
  },
  write(value, base, writing) {
    if (value.type !== 'tcp') return RESPONSE_ROW.write(value, base, writing)
    const isLost = value.answer === null && base.answer !== null
    return isLost ? '' : ANSWER_ROW.write(value, base, writing)
  },
}
const RESPONSE_ROW = checkRow('expect', 'response', RESPONSE, { doc: '' })
const ANSWER_ROW = checkRow('expect', 'answer', EXPECTED_TEXT, { doc: '' })

/** `type` first: what the other keys mean depends on it. */
export const CHECK_ROWS: readonly Row<CheckDraft>[] = [
  checkRow('type', 'type', choice(CHECK_TYPES), {
    doc:
      '`http`, `tcp`, `external` (a program), `ping`, `function` (a module of yours), or `fixed` ' +
      'for nothing asked',
    nginx: 'health_check type=',
  }),
  checkRow('path', 'path', freeText('path', 'a path and query such as /health'), {
    doc: 'Path and query of the request',
    nginx: 'health_check uri=',
  }),
  checkRow('method', 'method', freeText('method', 'a method such as GET'), {
    doc: 'Method of the request',
  }),
  checkRow('host', 'host', HOST, {
    doc: 'Host of the request; without, the peer as it is written',
    nginx: 'proxy_set_header Host',
  }),
  checkRow('headers', 'headers', HEADERS, {
    doc: 'More fields of the request',
    nginx: 'proxy_set_header',
  }),
  checkRow('body', 'body', freeText('text', 'a text', true), { doc: 'Body of the request' }),
  checkRow('tls', 'tls', TLS, { doc: 'Ask over TLS', nginx: 'proxy_pass https:' }),
  checkRow('http2', 'isHttp2', BOOLEAN, {
    doc: 'Ask by HTTP/2: by ALPN with `tls`, else by prior knowledge',
  }),
  checkRow('redirects', 'redirectsMax', integer(0, 20), {
    doc: 'Redirects to follow; 0 takes a redirect as the answer',
  }),
  checkRow('keepalive', 'keepaliveMs', DURATION, {
    doc: 'How long a connection is kept for the next check; 0 opens one for each',
    nginx: 'health_check keepalive_time=',
  }),
  checkRow('send', 'send', freeText('text', 'a text such as "PING\\r\\n"', true), {
    doc: 'For `tcp`: what is sent',
    nginx: 'match { send }',
  }),
  EXPECT_ROW,
  checkRow('command', 'command', COMMAND, {
    doc:
      'For `external`: the program, run with the address and port of clients and of the peer after ' +
      '`args`; 0 is good',
  }),
  checkRow('args', 'arguments', list(freeText('text', 'an argument', true)), {
    doc: 'What it gets before them',
  }),
  checkRow('env', 'environment', ENVIRONMENT, {
    doc: 'Its environment, beside that of this process',
  }),
  checkRow('module', 'modulePath', FILE_PATH, {
    doc: 'For `function`: the module whose default export is called; throwing is bad',
  }),
  checkRow('tries', 'tries', integer(1, 100), {
    doc: 'For `ping`: echoes, one of which must come',
  }),
  checkRow('up', 'isUp', BOOLEAN, { doc: 'For `fixed`: what the peer is taken for' }),
  checkRow('connects', 'connects', integer(0), {
    doc: 'So many good connects between two full questions; 0 asks in full each time',
  }),
]
