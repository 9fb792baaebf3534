// One question to one name server: a datagram from a port of its own, and a connection when the reply did not fit
// (RFC 7766). The socket is connected, so the kernel drops what others send and tells when nobody listens. Whatever
// comes and is not the reply is ignored until the time is over: the first to answer is not always the one asked.

import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'

import { type Delay, systemDelay } from '../base/delay.ts'
import { systemErrorText } from '../base/system-error.ts'
import { untilDeadline } from './deadline.ts'
import { DNS_LIMITS } from './limits.ts'
import { encodeQuestion, parseReply, type Question, type Reply } from './message.ts'

export interface NameServer {
  /** An address. */
  readonly host: string
  readonly port: number
}

/** Why there is no reply. Only `silent` is worth asking the same again. */
export interface NoReply {
  readonly problem: 'silent' | 'unreachable' | 'broken' | 'closed'
  readonly text: string
}

export type Asked = Reply | NoReply

/** Asks one server once; ends early, with `closed`, when the signal is aborted. */
export type Ask = (server: NameServer, question: Question, signal: AbortSignal) => Promise<Asked>

export interface AskOptions {
  readonly delay?: Delay
  /** Gives the number of a question, below 65536: what a stranger has to guess. */
  readonly randomId?: () => number
}

/** Tells a failed question from a reply. */
export function isNoReply(asked: Asked): asked is NoReply {
  return 'problem' in asked
}

/** Makes the `Ask` that uses the network. */
export function networkAsk(options: AskOptions = {}): Ask {
  const { delay = systemDelay, randomId = () => randomInt(0x1_0000) } = options
  return async (server, question, signal) => {
    const id = randomId()
    const call: Call = { server, question, id, query: encodeQuestion(id, question) }
    const { udpTimeoutMs, tcpTimeoutMs } = DNS_LIMITS
    const asked = await limited(stop => overUdp(call, stop), udpTimeoutMs, signal, delay)
    if (isNoReply(asked) || !asked.isTruncated) return asked
    return limited(stop => overTcp(call, stop), tcpTimeoutMs, signal, delay)
  }
}

interface Call {
  readonly server: NameServer
  readonly question: Question
  readonly id: number
  readonly query: Buffer
}

/** Runs a try until it ends, the time is over, or the caller gives up. */
async function limited(
  run: (stop: AbortSignal) => Promise<Asked>,
  ms: number,
  signal: AbortSignal,
  delay: Delay,
): Promise<Asked> {
  if (signal.aborted) return GIVEN_UP
  const { value } = await untilDeadline(ms, signal, delay, run)
  return signal.aborted ? GIVEN_UP : value
}

const GIVEN_UP: NoReply = { problem: 'closed', text: 'given up' }

function overUdp({ server, question, id, query }: Call, stop: AbortSignal): Promise<Asked> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4')
    let isOver = false
    const finish = (asked: Asked): void => {
      if (isOver) return
      isOver = true
      stop.removeEventListener('abort', onStop)
      socket.close()
      resolve(asked)
    }
    const onStop = (): void => finish(silent(server))
    stop.addEventListener('abort', onStop, { once: true })
    socket.on('error', error => finish(unreachable(server, error)))
    socket.on('message', bytes => {
      if (bytes.length > DNS_LIMITS.udpBytesMax) return
      const reply = parseReply(bytes, id, question)
      if (reply !== null) finish(reply)
    })
    socket.on('connect', () => {
      if (isOver) return
      socket.send(query, error => {
        if (error !== null) finish(unreachable(server, error))
      })
    })
    socket.connect(server.port, server.host)
  })
}

function overTcp({ server, question, id, query }: Call, stop: AbortSignal): Promise<Asked> {
  return new Promise(resolve => {
    const socket = connect(server.port, server.host)
    const finish = (asked: Asked): void => {
      stop.removeEventListener('abort', onStop)
      socket.destroy()
      resolve(asked)
    }
    const onStop = (): void => finish(silent(server))
    stop.addEventListener('abort', onStop, { once: true })
    const frame = new Frame()
    socket.on('error', error => finish(unreachable(server, error)))
    socket.on('close', () => finish(broken(server, 'closed the connection')))
    socket.on('connect', () => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(query.length)
      socket.write(Buffer.concat([length, query]))
    })
    socket.on('data', bytes => {
      const message = frame.add(bytes)
      if (message === null) return
      const reply = parseReply(message, id, question)
      // A stream has one sender: what is wrong now stays wrong.
      const isUsable = reply !== null && !reply.isTruncated
      finish(isUsable ? reply : broken(server, 'sent a broken reply'))
    })
  })
}

/** Gathers the first message of a stream: two bytes of length, then the message. */
class Frame {
  readonly #head = Buffer.alloc(2)
  #body: Buffer | null = null
  #headBytes = 0
  #bodyBytes = 0

  /** The message, once it is whole. */
  add(bytes: Buffer): Buffer | null {
    let rest = bytes
    if (this.#body === null) {
      const taken = rest.copy(this.#head, this.#headBytes)
      this.#headBytes += taken
      if (this.#headBytes < 2) return null
      rest = rest.subarray(taken)
      this.#body = Buffer.alloc(this.#head.readUInt16BE())
    }
    this.#bodyBytes += rest.copy(this.#body, this.#bodyBytes)
    return this.#bodyBytes === this.#body.length ? this.#body : null
  }
}

function silent(server: NameServer): NoReply {
  return { problem: 'silent', text: `no answer of ${serverText(server)}` }
}

function unreachable(server: NameServer, error: unknown): NoReply {
  return { problem: 'unreachable', text: `${serverText(server)}: ${systemErrorText(error)}` }
}

function broken(server: NameServer, what: string): NoReply {
  return { problem: 'broken', text: `${serverText(server)} ${what}` }
}

/** A server as messages show it. */
export function serverText({ host, port }: NameServer): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
