// The `upstream` block and what stands in it: peers, the zone, idle connections. Addresses are checked
// for form only; names are resolved when the configuration is loaded.

import type { ListenAddress } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import type { Peer } from '../../model/upstream.ts'
import { isAddressProblem, parsePeerAddress } from './address.ts'
import { type DirectiveRow, MANY, scopeRow, upstreamRow } from './directive-row.ts'
import { readCount, readSize, readTimeMs } from './level-rows.ts'
import { partOrigin, type Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { HttpScope, UpstreamScope } from './scope.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'
import { parseCount, parseTimeSeconds } from './values.ts'

export const UPSTREAM_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'upstream',
    {
      within: ['http'],
      args: [1, 1],
      hasBlock: true,
      isRepeatable: true,
      syntax: 'name { … }',
      doc: 'a group of peers, balanced by weighted round robin',
    },
    readUpstream,
  ),
  upstreamRow(
    'server',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'address [weight=n] [max_conns=n] [max_fails=n] [fail_timeout=time] [backup] [down]',
      doc: 'a peer: `host[:port]` or `unix:path`; each address of a name is a peer',
    },
    readPeer,
  ),
  upstreamRow(
    'zone',
    {
      args: [1, 2],
      isRepeatable: true,
      syntax: 'name [size]',
      doc: 'accepted: all workers share the state of every group anyway',
    },
    (directive, _scope, reading) => {
      const size = directive.args[1]
      if (size !== undefined) readSize(size, directive, reading)
    },
  ),
  upstreamRow(
    'keepalive',
    {
      args: [1, 2],
      syntax: 'connections [local]',
      doc: 'idle connections that each worker keeps to the group; 0 is none',
    },
    (directive, scope, reading) => {
      const [count, local] = directive.args
      if (local !== undefined && local.text !== 'local') reading.refuseParameter(local, ['local'])
      setKeepalive(directive, scope, 'idleMax', readCount(count!, directive, reading))
    },
  ),
  upstreamRow(
    'keepalive_requests',
    { syntax: 'number', doc: 'requests that one connection to a peer may carry' },
    (directive, scope, reading) => {
      const value = readCount(directive.args[0]!, directive, reading)
      setKeepalive(directive, scope, 'requestsMax', value)
    },
  ),
  upstreamRow(
    'keepalive_time',
    { syntax: 'time', doc: 'age at which a connection to a peer closes after its response' },
    (directive, scope, reading) => {
      const value = readTimeMs(directive.args[0]!, directive, reading)
      setKeepalive(directive, scope, 'ageMaxMs', value)
    },
  ),
  upstreamRow(
    'keepalive_timeout',
    { syntax: 'time', doc: 'how long an idle connection to a peer stays' },
    (directive, scope, reading) => {
      const value = readTimeMs(directive.args[0]!, directive, reading)
      setKeepalive(directive, scope, 'idleTimeoutMs', value)
    },
  ),
]

function setKeepalive(
  directive: Directive,
  scope: UpstreamScope,
  key: keyof UpstreamScope['keepalive'],
  value: number | null,
): void {
  if (value === null) return
  scope.keepalive[key] = value
  scope.keepaliveOrigins[key] = statementOrigin(directive)
}

function readUpstream(directive: Directive, scope: HttpScope, reading: Reading): void {
  const word = directive.args[0]!
  const name = word.text
  const same = scope.upstreams.find(found => found.name.toLowerCase() === name.toLowerCase())
  if (same !== undefined) {
    const hint = `it stands in ${same.origin.file}:${same.origin.line} already`
    reading.refuse(word, `duplicate upstream "${name}"`, hint)
  }
  if (!/^[^\s/:?#$@[\]]+$/.test(name)) {
    reading.refuse(word, `invalid upstream name "${name}"`, 'a name is written like a host')
  }
  const upstream: UpstreamScope = {
    kind: 'upstream',
    name,
    origin: statementOrigin(directive),
    seen: new Map(),
    peers: [],
    keepalive: {},
    keepaliveOrigins: {},
  }
  const errorsBefore = reading.errorCount
  reading.walk(directive.block!, upstream)
  const isClean = reading.errorCount === errorsBefore
  if (upstream.peers.length === 0 && isClean) {
    const message = 'no servers are inside upstream'
    reading.diagnostics.error(message, directiveOrigin(directive), 'add: server ADDRESS;')
  } else if (isClean && upstream.peers.every(peer => peer.isBackup)) {
    const message = `no servers in upstream "${name}"`
    const hint = 'every server is a "backup": one must not be'
    reading.diagnostics.error(message, statementOrigin(directive), hint)
  }
  if (same === undefined) scope.upstreams.push(upstream)
}

type PeerDraft = { -readonly [K in keyof Peer]: Peer[K] } & { origins: Record<string, Origin> }

function readPeer(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const [word, ...parameters] = directive.args
  const address = peerAddress(word!, reading)
  const peer: PeerDraft = {
    origin: statementOrigin(directive),
    origins: {},
    name: word!.text,
    address: address ?? { kind: 'tcp', host: '', port: 0 },
    weight: 1,
    maxConns: 0,
    maxFails: 1,
    failTimeoutSeconds: 10,
    isBackup: false,
    isDown: false,
  }
  for (const parameter of parameters) readParameter(parameter, peer, reading)
  if (address !== null) scope.peers.push(peer)
}

function peerAddress(word: Word, reading: Reading): ListenAddress | null {
  const parsed = parsePeerAddress(word.text)
  if (!isAddressProblem(parsed)) return parsed.address
  const scheme = /^https?:\/\//i.exec(word.text)
  const hint = scheme === null ? '' : `leave out "${scheme[0]}": "proxy_pass" names the protocol`
  reading.refuse(word, `${parsed.problem} in upstream "${word.text}"`, hint)
  return null
}

const FLAGS = { backup: 'isBackup', down: 'isDown' } as const
const NUMBERS = { weight: 'weight', max_conns: 'maxConns', max_fails: 'maxFails' } as const
const NOT_YET = ['resolve', 'service', 'route', 'drain', 'slow_start']
const PARAMETERS = [
  'weight',
  'max_conns',
  'max_fails',
  'fail_timeout',
  'backup',
  'down',
  ...NOT_YET,
]

function readParameter(word: Word, peer: PeerDraft, reading: Reading): void {
  const equals = word.text.indexOf('=')
  const name = equals === -1 ? word.text : word.text.slice(0, equals)
  const value = equals === -1 ? null : word.text.slice(equals + 1)
  const origin = partOrigin(word, 0, word.text.length)
  if (NOT_YET.includes(name)) {
    reading.refuse(word, `parameter "${name}" of "server" is not supported yet`)
  } else if (name in FLAGS && value === null) {
    const key = FLAGS[name as keyof typeof FLAGS]
    peer[key] = true
    peer.origins[key] = origin
  } else if (name in NUMBERS && value !== null) {
    const key = NUMBERS[name as keyof typeof NUMBERS]
    const number = parseCount(value)
    if (number === null || (key === 'weight' && number === 0)) {
      const hint = key === 'weight' ? 'a weight is at least 1; use "down" to take a peer out' : ''
      reading.refuse(word, `invalid parameter "${word.text}"`, hint || 'write digits only')
    } else {
      peer[key] = number
      peer.origins[key] = origin
    }
  } else if (name === 'fail_timeout' && value !== null) {
    const seconds = parseTimeSeconds(value)
    if (seconds === null) {
      reading.refuse(word, `invalid parameter "${word.text}"`, 'write whole seconds: 30s')
    } else {
      peer.failTimeoutSeconds = seconds
      peer.origins.failTimeoutSeconds = origin
    }
  } else {
    const isKnown = name in FLAGS || name in NUMBERS || name === 'fail_timeout'
    reading.refuseParameter(word, isKnown ? [] : PARAMETERS)
  }
}
