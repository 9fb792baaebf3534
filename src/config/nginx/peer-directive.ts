// `server` in `upstream`: the address of a peer and its parameters. Addresses are checked for form
// only; names are resolved when the configuration is loaded, or again and again with `resolve`.

import { isIP } from 'node:net'
import type { Origin } from '../../model/origin.ts'
import {
  METHODS_WITHOUT_BACKUP,
  PEER_COUNT_MAX,
  type Peer,
  PLAIN_PEER,
  ROUTE_BYTES_MAX,
} from '../../model/upstream.ts'
import { isAddressProblem, type ParsedAddress, parsePeerAddress } from './address.ts'
import { type DirectiveRow, MANY, upstreamRow } from './directive-row.ts'
import { partOrigin, type Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { UpstreamScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { countHint, parseCount, parseTimeSeconds, portHint, timeHint } from './values.ts'

export const PEER_DIRECTIVES: readonly DirectiveRow[] = [
  upstreamRow(
    'server',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax:
        'address [weight=n] [max_conns=n] [max_fails=n] [fail_timeout=time] [slow_start=time] ' +
        '[route=text] [backup] [down] [drain] [resolve] [service=name] [race]',
      doc:
        'a peer: `host[:port]` or `unix:path`; each address of a name is a peer. `slow_start` lets ' +
        'the weight rise from a tenth after the peer was unavailable; with `race` the addresses of a ' +
        'name are one peer, and the first that takes a connection gets it',
    },
    readPeer,
  ),
]

type PeerDraft = { -readonly [K in keyof Peer]: Peer[K] } & { origins: Record<string, Origin> }

function readPeer(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const [word, ...parameters] = directive.args
  const parsed = peerAddress(word!, reading)
  const peer: PeerDraft = {
    origin: statementOrigin(directive),
    origins: {},
    name: word!.text,
    address: parsed?.address ?? { kind: 'tcp', host: '', port: 0 },
    ...PLAIN_PEER,
  }
  for (const parameter of parameters) readParameter(parameter, peer, scope, reading)
  if (parsed === null) return
  if (checkService(word!, parsed, peer, reading)) scope.peers.push(peer)
}

function peerAddress(word: Word, reading: Reading): ParsedAddress | null {
  const parsed = parsePeerAddress(word.text)
  if (!isAddressProblem(parsed)) return parsed
  const scheme = /^https?:\/\//i.exec(word.text)
  const hint =
    scheme !== null
      ? `leave out "${scheme[0]}": "proxy_pass" names the protocol`
      : parsed.problem === 'invalid port'
        ? portHint(word.text)
        : ''
  reading.refuse(word, `${parsed.problem} in upstream "${word.text}"`, hint)
  return null
}

/** What `resolve` and `service=` ask of the address; nothing is asked for an address as it is. */
function checkService(
  word: Word,
  parsed: ParsedAddress,
  peer: PeerDraft,
  reading: Reading,
): boolean {
  const { address } = parsed
  const isName = address.kind === 'tcp' && isIP(address.host) === 0
  const [problem, hint] =
    peer.service === null ? NO_PROBLEM : serviceProblem(isName, parsed.hasPort, peer)
  if (problem !== '') reading.refuse(word, `service upstream "${word.text}" ${problem}`, hint)
  // As in nginx: there is nothing to look up, and nothing to race between.
  if (!isName) {
    for (const key of ['isResolving', 'isRaced'] as const) {
      const origin = peer.origins[key]
      if (origin === undefined || problem !== '') continue
      const message = `"${FLAG_OF[key]}" has no effect: "${word.text}" is an address, not a name`
      reading.diagnostics.warning(message, origin, 'leave it out, or write a name')
    }
    peer.isResolving = false
    peer.isRaced = false
  }
  return problem === ''
}

const FLAG_OF = { isResolving: 'resolve', isRaced: 'race' } as const
const NO_PROBLEM = ['', ''] as const

/** In nginx's words, and what to do. */
function serviceProblem(
  isName: boolean,
  hasPort: boolean,
  { isResolving, isRaced }: PeerDraft,
): readonly [problem: string, hint: string] {
  if (!isResolving) return ['requires "resolve" parameter', 'add "resolve": SRV records change']
  if (hasPort) return ['may not have port', 'leave the port out: the SRV record has it']
  if (isRaced) {
    return ['may not have "race": its records are peers of their own', 'leave out "race"']
  }
  return isName
    ? NO_PROBLEM
    : ['requires domain name', 'write the name that has the SRV records, or leave out "service"']
}

const FLAGS = {
  backup: 'isBackup',
  down: 'isDown',
  drain: 'isDraining',
  resolve: 'isResolving',
  race: 'isRaced',
} as const
const COUNTS = { weight: 'weight', max_conns: 'maxConns', max_fails: 'maxFails' } as const
const TIMES = { fail_timeout: 'failTimeoutSeconds', slow_start: 'slowStartSeconds' } as const
const TEXTS = { route: 'route', service: 'service' } as const
const WITH_VALUE = [COUNTS, TIMES, TEXTS].flatMap(table => Object.keys(table))
const PARAMETERS = [...WITH_VALUE.map(name => `${name}=`), ...Object.keys(FLAGS)]
/** What stands behind the `=`. */
const EXAMPLES: Readonly<Record<string, string>> = {
  weight: 'weight=2',
  max_conns: 'max_conns=100',
  max_fails: 'max_fails=3',
  fail_timeout: 'fail_timeout=30s',
  slow_start: 'slow_start=30s',
  route: 'route=a',
  service: 'service=http',
}

function readParameter(word: Word, peer: PeerDraft, scope: UpstreamScope, reading: Reading): void {
  const equals = word.text.indexOf('=')
  const name = equals === -1 ? word.text : word.text.slice(0, equals)
  const value = equals === -1 ? null : word.text.slice(equals + 1)
  if (isBeyondMethod(name, scope)) {
    const message = `balancing method does not support parameter "${word.text}"`
    reading.refuse(word, message, `"${scope.method.kind}" stands above it`)
  } else if (name in FLAGS && value === null) {
    const key = FLAGS[name as keyof typeof FLAGS]
    peer[key] = true
    peer.origins[key] = placeOf(word)
  } else if (name in COUNTS && value !== null) {
    readCount(word, name as keyof typeof COUNTS, value, peer, reading)
  } else if (name in TIMES && value !== null) {
    const key = TIMES[name as keyof typeof TIMES]
    const seconds = parseTimeSeconds(value)
    if (seconds === null) {
      const hint = timeHint(value, 'write whole seconds: 30s')
      reading.refuse(word, `invalid parameter "${word.text}"`, hint)
      return
    }
    peer[key] = seconds
    peer.origins[key] = placeOf(word)
  } else if (name in TEXTS && value !== null) {
    readText(word, name as keyof typeof TEXTS, value, peer, reading)
  } else if (name in FLAGS) {
    const hint = `write "${name}" alone`
    reading.refuse(word, `invalid parameter "${word.text}"`, hint)
  } else if (WITH_VALUE.includes(name)) {
    reading.refuse(word, `invalid parameter "${word.text}"`, `write a value: ${EXAMPLES[name]}`)
  } else {
    reading.refuseParameter(word, PARAMETERS)
  }
}

/** As in nginx only a method that stands above the line has a say. */
function isBeyondMethod(name: string, scope: UpstreamScope): boolean {
  const isMeant = name === 'backup' || name === 'slow_start'
  return isMeant && METHODS_WITHOUT_BACKUP.has(scope.method.kind)
}

function readCount(
  word: Word,
  name: keyof typeof COUNTS,
  value: string,
  peer: PeerDraft,
  reading: Reading,
): void {
  const number = parseCount(value)
  const isTooLarge = name !== 'weight' && /^\d+$/.test(value) && Number(value) > PEER_COUNT_MAX
  if (number === null || (name === 'weight' && number === 0) || isTooLarge) {
    const wanted =
      name === 'weight'
        ? 'a weight is at least 1; use "down" to take a peer out'
        : 'write digits only'
    const hint = countHint(value, wanted, PEER_COUNT_MAX)
    reading.refuse(word, `invalid parameter "${word.text}"`, hint)
    return
  }
  peer[COUNTS[name]] = number
  peer.origins[COUNTS[name]] = placeOf(word)
}

function readText(
  word: Word,
  name: keyof typeof TEXTS,
  value: string,
  peer: PeerDraft,
  reading: Reading,
): void {
  if (value === '') {
    reading.refuse(word, `${name} is empty`, `write a value: ${EXAMPLES[name]}`)
  } else if (name === 'route' && Buffer.byteLength(value) > ROUTE_BYTES_MAX) {
    reading.refuse(word, `route is longer than ${ROUTE_BYTES_MAX}`)
  } else {
    peer[TEXTS[name]] = value
    peer.origins[TEXTS[name]] = placeOf(word)
  }
}

function placeOf(word: Word): Origin {
  return partOrigin(word, 0, word.text.length)
}
