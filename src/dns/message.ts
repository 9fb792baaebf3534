// Questions and replies as bytes (RFC 1035 §4). The library decodes; it throws for broken bytes and trusts lengths that
// it does not check, so this is the one place that calls it, and only checked values leave. A reply that does not
// belong to the question, or is broken, is null: somebody else may have sent it.

import { isIPv4, isIPv6 } from 'node:net'

import {
  type Answer,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet'

import { canonicalName, hostNameProblem } from './host-name.ts'

export type QuestionType = 'A' | 'AAAA' | 'SRV'

export interface Question {
  /** In canonical form (`canonicalName`), and without a problem. */
  readonly name: string
  readonly type: QuestionType
}

/** A record that we can use; names in canonical form. */
export type DnsRecord =
  | {
      readonly type: 'A' | 'AAAA'
      readonly name: string
      readonly ttlMs: number
      readonly address: string
    }
  | {
      readonly type: 'CNAME'
      readonly name: string
      readonly ttlMs: number
      readonly target: string
    }
  | {
      readonly type: 'SRV'
      readonly name: string
      readonly ttlMs: number
      readonly target: string
      readonly port: number
      readonly priority: number
      readonly weight: number
    }

export interface Reply {
  /** 0 no error, 2 server failure, 3 no such name, … (RFC 1035 §4.1.1). */
  readonly code: number
  readonly isTruncated: boolean
  readonly answers: readonly DnsRecord[]
  readonly additionals: readonly DnsRecord[]
  /** For how long what is missing is missing (RFC 2308 §5); null where nobody said. */
  readonly missingTtlMs: number | null
}

const HEADER_BYTES = 12
const REPLY_FLAG = 0x8000
const OPCODE_MASK = 0x7800
const CODE_MASK = 0x000f

const EMPTY = { answers: [], additionals: [], missingTtlMs: null } as const

const FORMAT_ERROR = 1
const SERVER_FAILURE = 2
const NO_SUCH_NAME = 3
const REFUSED = 5

/** Reply codes that are decided upon. */
export const REPLY_CODES = {
  ok: 0,
  formatError: FORMAT_ERROR,
  serverFailure: SERVER_FAILURE,
  noSuchName: NO_SUCH_NAME,
  refused: REFUSED,
} as const

const CODE_TEXTS: Readonly<Record<number, string>> = {
  [FORMAT_ERROR]: 'Format error',
  [SERVER_FAILURE]: 'Server failure',
  [NO_SUCH_NAME]: 'Host not found',
  4: 'Unimplemented',
  [REFUSED]: 'Operation refused',
}

/** A reply code in nginx's words: `3: Host not found`. */
export function codeText(code: number): string {
  return `${code}: ${CODE_TEXTS[code] ?? 'Unknown error'}`
}

/** Encodes a question that wants recursion. */
export function encodeQuestion(id: number, { name, type }: Question): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type }] })
}

/**
 * Parses the reply to a question.
 *
 * @returns null when the bytes are no reply, or one to something else
 */
export function parseReply(bytes: Buffer, id: number, question: Question): Reply | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(0) !== id) return null
  const flags = bytes.readUInt16BE(2)
  if ((flags & REPLY_FLAG) === 0 || (flags & OPCODE_MASK) !== 0) return null
  const code = flags & CODE_MASK
  // Some servers cut a reply in the middle of a record: what is in it does not matter then.
  if ((flags & TRUNCATED_RESPONSE) !== 0) return { ...EMPTY, code, isTruncated: true }
  const packet = decodeWhole(bytes)
  if (packet === null || !isAbout(packet, question, code)) return null
  return {
    code,
    isTruncated: false,
    answers: usableRecords(packet.answers),
    additionals: usableRecords(packet.additionals),
    missingTtlMs: missingTtlMs(packet.authorities),
  }
}

function decodeWhole(bytes: Buffer): DecodedPacket | null {
  try {
    const packet = decode(bytes)
    // A record whose length lies shifts all that follows: then the end is not where the bytes end.
    return decode.bytes === bytes.length ? packet : null
  } catch {
    // The library throws plain errors and range errors for whatever a stranger sends.
    return null
  }
}

/** A server that can or will not read the question may leave it out of its reply. */
function isAbout({ questions = [] }: DecodedPacket, wanted: Question, code: number): boolean {
  if (questions.length === 0) return code !== REPLY_CODES.ok && code !== NO_SUCH_NAME
  const [first] = questions
  return (
    questions.length === 1 &&
    first?.type === wanted.type &&
    first.class === 'IN' &&
    canonicalName(first.name) === wanted.name
  )
}

function usableRecords(answers: readonly Answer[] = []): DnsRecord[] {
  const records: DnsRecord[] = []
  for (const answer of answers) {
    const record = usableRecord(answer)
    if (record !== null) records.push(record)
  }
  return records
}

function usableRecord(answer: Answer): DnsRecord | null {
  if (answer.type === 'OPT' || answer.class !== 'IN') return null
  const name = canonicalName(answer.name)
  const ttlMs = ttlOf(answer.ttl)
  switch (answer.type) {
    case 'A':
      return isIPv4(answer.data) ? { type: 'A', name, ttlMs, address: answer.data } : null
    case 'AAAA':
      return isIPv6(answer.data)
        ? { type: 'AAAA', name, ttlMs, address: answer.data.toLowerCase() }
        : null
    case 'CNAME': {
      const target = canonicalName(answer.data)
      return hostNameProblem(target) === '' ? { type: 'CNAME', name, ttlMs, target } : null
    }
    case 'SRV': {
      const { port, priority = 0, weight = 0 } = answer.data
      // The target "." says that there is no such service (RFC 2782); it is no name either.
      const target = canonicalName(answer.data.target)
      if (hostNameProblem(target) !== '' || port === 0) return null
      return { type: 'SRV', name, ttlMs, target, port, priority, weight }
    }
    default:
      return null
  }
}

function missingTtlMs(authorities: readonly Answer[] = []): number | null {
  for (const answer of authorities) {
    if (answer.type !== 'SOA') continue
    return Math.min(ttlOf(answer.ttl), ttlOf(answer.data.minimum))
  }
  return null
}

/** A TTL with the highest bit set is none (RFC 2181 §8). */
function ttlOf(seconds = 0): number {
  return seconds > 0x7fff_ffff ? 0 : seconds * 1000
}
