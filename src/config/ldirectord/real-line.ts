// `real=` and `fallback=`: who answers. A real is an address or a range of them, how packets were
// forwarded to it, its weight, and perhaps a request and an answer of its own.

import { isIPv4 } from 'node:net'

import type { Origin } from '../../model/origin.ts'
import type { Statement } from './lines.ts'
import type { Reading } from './reading.ts'
import { isIpv6Name, readServerAddress, type ServerAddress } from './server-address.ts'
import type { TextPart, ValueKind } from './value-kinds.ts'

/** How the kernel forwarded. */
export const FORWARDINGS = ['gate', 'masq', 'ipip'] as const
export type Forwarding = (typeof FORWARDINGS)[number]

/** One real server. */
export interface RealLine {
  readonly host: string
  /** Null = that of the virtual server. */
  readonly port: number | null
  readonly forwarding: Forwarding
  /** 0 = no requests but those of clients that are bound to it. */
  readonly weight: number
  /** Its own pair; null = that of the section. */
  readonly pair: { readonly request: TextPart; readonly receive: TextPart } | null
  /** Connections above which it gets no more; 0 = no limit. */
  readonly connectionsMax: number
  readonly statement: Statement
  readonly origin: Origin
}

/** Addresses of one range: beyond is a slip in the last one. */
const RANGE_MAX = 1024
const WEIGHT_MAX = 65_535

const LINE = /^(\S+)(?:\s+(\w+))?(.*)$/s
const WEIGHT = /^\s+(\d+)(?=\s|$)/
const PAIR = /^(\s+")(.*)("[, ]\s*")(.*)"/s
const THRESHOLD = /\s+(?:([lu]):(\d+)|"<?([lu]):(\d+)>?")\s*$/

/** Reads one `real` line; a range makes several reals. */
export const REAL: ValueKind<readonly RealLine[]> = {
  label: 'ADDRESS[->LAST][:PORT] gate | masq | ipip [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N]',
  read(statement, reading) {
    const value = statement.value ?? ''
    const match = LINE.exec(value)
    if (match === null) {
      return reading.refuse(statement, `Nothing behind "${statement.name}"`, EXAMPLE)
    }
    const [, place = '', word, rest = ''] = match
    const forwarding = readForwarding(statement, place.length, word, reading)
    const restStart = value.length - rest.length
    const flags = readFlags(statement, rest, restStart, reading)
    const addresses = readPlaces(statement, place, reading)
    if (addresses === undefined || forwarding === undefined || flags === undefined) return undefined
    const origin = reading.place(statement, 0, place.length)
    return addresses.map(address => ({ ...address, forwarding, ...flags, statement, origin }))
  },
}

const EXAMPLE = 'write for example real=192.168.0.101:80 gate'

/** Reads a `fallback` line. */
export const FALLBACK: ValueKind<ServerAddress> = {
  label: 'ADDRESS[:PORT] [gate | masq | ipip]',
  read(statement, reading) {
    const value = statement.value ?? ''
    const match = /^(\S+)(?:\s+(\S+))?(.*)$/s.exec(value)
    if (match === null) return reading.refuse(statement, `Nothing behind "${statement.name}"`)
    const [, place = '', word, rest = ''] = match
    if (rest.trim() !== '') {
      const at = value.length - rest.trimStart().length
      return reading.refuse(statement, `Cannot use "${rest.trim()}" here`, '', at)
    }
    if (word !== undefined && !isForwarding(word)) return refuseForwarding(statement, word, reading)
    return readServerAddress({ text: place, start: 0 }, statement, reading)
  },
}

function isForwarding(word: string): word is Forwarding {
  return FORWARDINGS.some(known => known === word)
}

function readForwarding(
  statement: Statement,
  placeLength: number,
  word: string | undefined,
  reading: Reading,
): Forwarding | undefined {
  if (word !== undefined && isForwarding(word)) return word
  if (word !== undefined && !/^\d+$/.test(word)) return refuseForwarding(statement, word, reading)
  const problem = 'The way to forward is missing: wants gate, masq or ipip'
  const hint = 'any of the three will do: behind the address write masq'
  return reading.refuse(statement, problem, hint, 0, placeLength)
}

function refuseForwarding(statement: Statement, word: string, reading: Reading): undefined {
  const at = (statement.value ?? '').indexOf(word, 1)
  const problem = `Cannot forward by "${word}": wants gate, masq or ipip`
  return reading.refuse(statement, problem, '', at, at + word.length)
}

type Flags = Pick<RealLine, 'weight' | 'pair' | 'connectionsMax'>

/** What follows the way to forward, in its fixed order. */
function readFlags(
  statement: Statement,
  text: string,
  start: number,
  reading: Reading,
): Flags | undefined {
  let rest = text
  let connectionsMax = 0
  for (let limit = THRESHOLD.exec(rest); limit !== null; limit = THRESHOLD.exec(rest)) {
    const [, bare, bareCount, word = bare, count = bareCount] = limit
    if (word === 'u') connectionsMax = Number(count)
    rest = rest.slice(0, limit.index)
  }
  const end = start + rest.length
  const at = () => end - rest.length
  const weightText = WEIGHT.exec(rest)
  const weight = Number(weightText?.[1] ?? 1)
  if (weight > WEIGHT_MAX) {
    const problem = `Cannot use weight ${weight}: wants one from 0 to ${WEIGHT_MAX}`
    return reading.refuse(statement, problem, '', at() + 1, at() + weightText![0].length)
  }
  rest = rest.slice(weightText?.[0].length ?? 0)
  const pairText = PAIR.exec(rest)
  let pair: Flags['pair'] = null
  if (pairText !== null) {
    const [whole, open = '', request = '', middle = '', receive = ''] = pairText
    const first = at() + open.length
    pair = {
      request: { text: request, start: first },
      receive: { text: receive, start: first + request.length + middle.length },
    }
    rest = rest.slice(whole.length)
  }
  if (rest.trim() === '') return { weight, pair, connectionsMax }
  const from = at() + rest.length - rest.trimStart().length
  const hint = rest.includes('"')
    ? 'a pair is "request", "receive", both in double quotes'
    : 'behind the way to forward come a weight and a pair "request", "receive"'
  return reading.refuse(statement, `Cannot read "${rest.trim()}" in a "real" line`, hint, from)
}

/** The addresses of `A[:PORT]` or `A->B[:PORT]`. */
function readPlaces(
  statement: Statement,
  place: string,
  reading: Reading,
): readonly ServerAddress[] | undefined {
  const arrow = place.indexOf('->')
  if (arrow === -1) {
    const address = readServerAddress({ text: place, start: 0 }, statement, reading)
    return address === undefined ? undefined : [address]
  }
  const first = place.slice(0, arrow)
  const last = readServerAddress(
    { text: place.slice(arrow + 2), start: arrow + 2 },
    statement,
    reading,
  )
  if (last === undefined) return undefined
  if (isIpv6Name(statement.name)) {
    return reading.refuse(
      statement,
      'There are no ranges of IPv6',
      'write each address',
      0,
      place.length,
    )
  }
  if (!isIPv4(first) || !isIPv4(last.host)) {
    const problem = 'A range goes from one IPv4 address to another'
    return reading.refuse(statement, problem, 'names: write a line for each', 0, place.length)
  }
  const [from, to] = [numberOf(first), numberOf(last.host)]
  if (from > to) {
    const hint = `did you mean ${last.host}->${first}?`
    return reading.refuse(
      statement,
      `The range ${place} ends before it begins`,
      hint,
      0,
      place.length,
    )
  }
  if (to - from >= RANGE_MAX) {
    const problem = `The range ${place} has ${to - from + 1} addresses: wants at most ${RANGE_MAX}`
    return reading.refuse(statement, problem, '', 0, place.length)
  }
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  return numbers.map(number => ({ host: addressOf(number), port: last.port }))
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

function addressOf(number: number): string {
  return [24, 16, 8, 0].map(shift => (number >>> shift) & 255).join('.')
}
