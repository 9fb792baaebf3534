// The parameters of `health_check`: those of NGINX Plus, and those of our own for what else a probe
// can ask. One row each: for which types it is, how it is read, how it is written. What they come
// to depends on the location around them, which is known after the walk (probe-build.ts).

import type { Origin } from '../../model/origin.ts'
import { nearest } from '../suggest.ts'
import { isAddressProblem, parseListenAddress } from './address.ts'
import { type Word, wordOrigin } from './lexer.ts'
import { readTestRegex, undoHex } from './match-block.ts'
import {
  count,
  file,
  flag,
  onOff,
  type Parameter,
  PROBE_TYPES,
  type ProbeType,
  text,
  time,
  type WrittenProbe,
} from './probe-written.ts'
import type { Reading } from './reading.ts'
import { type Directive, statementOrigin } from './tree.ts'

const HTTP = { types: ['http'] } as const
const TCP = { types: ['tcp'] } as const
const EXTERNAL = { types: ['external'] } as const
const TLS = { types: ['http', 'tcp'], property: 'tls' } as const
const ANY = Number.MAX_SAFE_INTEGER

/** The parameters of nginx, then those of ours. */
export const PROBE_PARAMETERS: readonly Parameter[] = [
  time('interval', 'intervalMs', 1),
  time('jitter', 'jitterMs', 0),
  count('fails', 'fall', [1, ANY]),
  count('passes', 'rise', [1, ANY]),
  {
    ...text('uri', 'uri', 'uri', { ...HTTP, property: 'path' }),
    hint: 'write a path and query: uri=/health',
    read(written, draft) {
      draft.uri = written
      return written.startsWith('/')
    },
  },
  flag('mandatory', 'isMandatory'),
  flag('persistent', 'isPersistent'),
  {
    ...text('match', 'name', 'name', { types: ['http', 'tcp'], property: 'expect' }),
    read(written, draft, _reading, word) {
      draft.match = word
      return written !== ''
    },
  },
  count('port', 'port', [1, 65_535]),
  time('keepalive_time', 'keepaliveMs', 0, HTTP),
  {
    ...text('type', 'name', PROBE_TYPES.join('|'), { property: 'check' }),
    // Read before all others: the rest depends on it.
    read: () => true,
  },
  time('timeout', 'timeoutMs', 1),
  time('fast_interval', 'doubtIntervalMs', 1),
  time('down_interval', 'downIntervalMs', 1),
  flag('on_failure', 'isAskedOnFailure'),
  flag('keep_sessions', 'keepsSessions'),
  text('name', 'name', 'name'),
  text('method', 'method', 'GET', HTTP),
  text('host', 'host', 'name', HTTP),
  {
    ...text('header', 'name', 'name:value', { ...HTTP, property: 'headers' }),
    isRepeatable: true,
    hint: 'write "header=Name: value", in quotes',
    read(written, draft) {
      const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/s.exec(written) ?? []
      if (name === undefined || value === undefined) return false
      draft.headers.push([name, value])
      return true
    },
  },
  text('body', 'body', 'text', HTTP),
  time('within', 'withinMs', 1, { ...HTTP, property: 'expect' }),
  count('redirects', 'redirectsMax', [0, 20], HTTP),
  onOff('http2', 'isHttp2', HTTP),
  onOff('tls', 'isTls', TLS),
  text('server_name', 'serverName', 'name', TLS),
  onOff('verify', 'isVerified', TLS),
  file('trusted_certificate', 'trustedPath', TLS),
  file('certificate', 'certificatePath', TLS),
  file('certificate_key', 'keyPath', TLS),
  count('days_left', 'daysLeftMin', [0, 10_000], TLS),
  {
    ...text('send', 'send', 'text', TCP),
    read(written, draft) {
      draft.send = undoHex(written)
      return true
    },
  },
  {
    ...text('expect', 'send', 'text', { ...TCP, property: 'expect' }),
    hint: 'write a text, or a regex behind "~": expect=~^220',
    read: readExpected,
  },
  file('command', 'command', EXTERNAL),
  {
    ...text('argument', 'command', 'text', { ...EXTERNAL, property: 'command' }),
    isRepeatable: true,
    read(written, draft) {
      draft.arguments.push(written)
      return true
    },
  },
  {
    ...text('env', 'command', 'NAME=value', { ...EXTERNAL, property: 'command' }),
    isRepeatable: true,
    read(written, draft) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(written) ?? []
      if (name === undefined || value === undefined) return false
      draft.environment.push([name, value])
      return true
    },
  },
  file('module', 'modulePath', { types: ['function'] }),
  count('tries', 'tries', [1, 100], { types: ['ping'] }),
  onOff('up', 'isUp', { types: ['fixed'] }),
  count('connects', 'connects', [1, ANY], {
    types: ['http', 'tcp', 'external', 'ping', 'function'],
  }),
  {
    ...text('virtual', 'name', 'address', { property: 'virtual' }),
    hint: 'write the address of clients: virtual=192.168.0.5:80',
    read(written, draft) {
      const parsed = parseListenAddress(written)
      if (!isAddressProblem(parsed)) draft.virtual = parsed.address
      return !isAddressProblem(parsed)
    },
  },
]

/** `expect=text`, `expect=~regex`, `expect=~*regex`; what is wrong with a regex says it itself. */
function readExpected(written: string, draft: WrittenProbe, reading: Reading, word: Word): boolean {
  if (!written.startsWith('~')) {
    const text = undoHex(written)
    draft.expect = { kind: 'contains', text, isCaseInsensitive: false, isNegated: false }
    return text !== ''
  }
  const isCaseInsensitive = written.startsWith('~*')
  const start = word.text.indexOf('~') + (isCaseInsensitive ? 2 : 1)
  const test = readTestRegex(word, start, isCaseInsensitive, false, reading)
  if (test !== null) draft.expect = test
  return true
}

/** Reads all words of a `health_check`; null when one was refused. */
export function readProbeParameters(directive: Directive, reading: Reading): WrittenProbe | null {
  const errorsBefore = reading.errorCount
  const origins: Record<string, Origin> = {}
  const type = readType(directive, reading)
  const draft: WrittenProbe = {
    origin: statementOrigin(directive),
    origins,
    type: type ?? 'http',
    headers: [],
    arguments: [],
    environment: [],
  }
  const seen = new Set<string>()
  for (const word of directive.args) {
    const name = word.text.replace(/=.*/s, '')
    const parameter = PROBE_PARAMETERS.find(known => known.name === name)
    const hasValue = word.text.includes('=')
    if (parameter === undefined) {
      const names = PROBE_PARAMETERS.map(known => known.name)
      const meant = nearest(name, names)
      const hint = meant === null ? 'docs/health.md lists them all' : `did you mean "${meant}"?`
      reading.refuse(word, `invalid parameter "${word.text}"`, hint)
    } else if (hasValue === (parameter.isFlag === true)) {
      reading.refuse(word, `invalid parameter "${word.text}"`, parameter.hint)
    } else if (seen.has(name) && parameter.isRepeatable !== true) {
      reading.refuse(word, `duplicate parameter "${word.text}"`)
    } else if (type !== null && !(parameter.types ?? PROBE_TYPES).includes(type)) {
      const types = parameter.types!.map(type => `type=${type}`).join(' and ')
      reading.refuse(word, `invalid parameter "${word.text}"`, `"${name}" is for ${types}`)
    } else if (!parameter.read(word.text.slice(name.length + 1), draft, reading, word)) {
      reading.refuse(word, `invalid parameter "${word.text}"`, parameter.hint)
    } else {
      origins[parameter.property] = wordOrigin(word)
    }
    seen.add(name)
  }
  checkTogether(directive, draft, reading)
  return reading.errorCount > errorsBefore ? null : draft
}

function readType(directive: Directive, reading: Reading): ProbeType | null {
  const word = directive.args.find(({ text }) => text.startsWith('type='))
  if (word === undefined) return 'http'
  const written = word.text.slice('type='.length)
  const type = PROBE_TYPES.find(known => known === written)
  if (type !== undefined) return type
  if (written === 'grpc') {
    const hint = 'ask for a status by HTTP, or write type=tcp'
    reading.refuse(word, 'parameter "type=grpc" is not supported yet', hint)
  } else {
    reading.refuse(word, `invalid parameter "${word.text}"`, `types are ${PROBE_TYPES.join(', ')}`)
  }
  return null
}

/** What one parameter wants of another. */
function checkTogether(directive: Directive, draft: WrittenProbe, reading: Reading): void {
  const wordOf = (name: string): Word =>
    directive.args.find(({ text }) => text.replace(/=.*/s, '') === name) ?? directive.name
  if (draft.isPersistent === true && draft.isMandatory !== true) {
    reading.refuse(wordOf('persistent'), '"persistent" requires "mandatory"')
  }
  const isWritten = (name: string): boolean => wordOf(name) !== directive.name
  if (draft.type === 'external' && !isWritten('command')) {
    reading.refuse(wordOf('type'), 'type=external requires "command="')
  }
  if (draft.type === 'function' && !isWritten('module')) {
    reading.refuse(wordOf('type'), 'type=function requires "module="')
  }
  const ofTls = PROBE_PARAMETERS.find(
    ({ name, property }) => property === 'tls' && name !== 'tls' && isWritten(name),
  )
  const isOff = draft.isTls === false || !isWritten('tls')
  if (ofTls !== undefined && isOff) {
    reading.refuse(wordOf(ofTls.name), `"${ofTls.name}" requires "tls=on"`)
  }
}
