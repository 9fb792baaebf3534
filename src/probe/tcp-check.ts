// A check by TCP: that a connection opens, and where asked, that the peer says the right thing, at
// once or in answer to what it is sent.

import { isIP, type Socket } from 'node:net'
import { Timer } from '../base/timer-wheel.ts'
import { PROBE_BODY_BYTES_MAX, type ProbeCheck } from '../model/probe.ts'
import { decodeText } from './body-text.ts'
import {
  type CheckAnswer,
  type Checker,
  type CheckProgress,
  type CheckTime,
  freshMs,
  GOOD,
} from './checker.ts'
import { PROBE_LIMITS } from './limits.ts'
import { OpeningSocket } from './open-socket.ts'
import type { ProbeTarget } from './probe-target.ts'
import { bytesText, connectionFault, quoted } from './reason.ts'
import { RegexPatience } from './regex-patience.ts'
import { textFault } from './text-matcher.ts'

type TcpCheck = Extract<ProbeCheck, { kind: 'tcp' }>

interface Running {
  readonly onAnswer: (answer: CheckAnswer) => void
  opening: OpeningSocket | null
  socket: Socket | null
  readonly chunks: Buffer[]
  bytes: number
  /** When what has come was looked at last, and how many bytes it was. */
  lookedMs: number
  lookedBytes: number
  looks: number
  /** What was found wrong then; empty before the first look. */
  fault: string
  readonly startedMs: number
}

export class TcpChecker implements Checker {
  readonly #target: ProbeTarget
  readonly #check: TcpCheck
  readonly #time: CheckTime
  readonly #patience: RegexPatience
  readonly #lookTimer = new Timer(() => this.#onLook())
  #running: Running | null = null

  constructor(target: ProbeTarget, check: TcpCheck, time: CheckTime) {
    this.#target = target
    this.#check = check
    this.#time = time
    this.#patience = new RegexPatience(() => freshMs(time))
  }

  start(onAnswer: (answer: CheckAnswer) => void): void {
    const running: Running = {
      onAnswer,
      opening: null,
      socket: null,
      chunks: [],
      bytes: 0,
      lookedMs: Number.NEGATIVE_INFINITY,
      lookedBytes: 0,
      looks: 0,
      fault: '',
      startedMs: freshMs(this.#time),
    }
    this.#running = running
    const { address, peerName } = this.#target
    const { tls } = this.#check
    const { clock } = this.#time
    const serverName = hostOf(peerName)
    running.opening = new OpeningSocket(
      { address, tls, serverName, protocols: [], clock },
      (socket, fault) => {
        running.opening = null
        if (socket === null) this.#answer(running, { fault, facts: [] })
        else this.#converse(running, socket)
      },
    )
  }

  stop(): CheckProgress {
    const running = this.#running
    this.#running = null
    this.#time.wheel.remove(this.#lookTimer)
    if (running === null) return { during: 'asking', facts: [], ended: null }
    const during = running.opening?.during ?? `waiting for ${this.#wanted()}`
    running.opening?.stop()
    running.socket?.destroy()
    return { during, facts: this.#facts(running), ended: null }
  }

  close(): void {}

  #converse(running: Running, socket: Socket): void {
    const { send, expect } = this.#check
    running.socket = socket
    if (expect === null) {
      if (send === '') {
        this.#answer(running, GOOD)
        return
      }
      // Sent and taken is all that is wanted of it.
      socket.once('error', error => this.#fail(running, connectionFault('send', error)))
      socket.end(bytesOf(send), () => this.#answer(running, GOOD))
      return
    }
    socket.on('data', chunk => this.#onData(running, chunk))
    socket.once('error', error => this.#onEnd(running, connectionFault('recv', error)))
    socket.once('close', () => this.#onEnd(running, ''))
    if (send !== '') socket.write(bytesOf(send))
  }

  #onData(running: Running, chunk: Buffer): void {
    const room = PROBE_BODY_BYTES_MAX - running.bytes
    running.chunks.push(chunk.subarray(0, room))
    running.bytes += Math.min(room, chunk.length)
    const isFull = running.bytes === PROBE_BODY_BYTES_MAX
    const nowMs = freshMs(this.#time)
    const dueMs = running.lookedMs + PROBE_LIMITS.lookGapMs
    // A peer that sends byte by byte must not have all of it looked at each time.
    const isFree = running.looks < PROBE_LIMITS.looksAtOnceMax
    if (isFull || isFree || nowMs >= dueMs) this.#look(running, nowMs)
    else this.#lookIn(running, dueMs - nowMs, nowMs)
  }

  /** Not later than the time that is left. */
  #lookIn(running: Running, delayMs: number, nowMs: number): void {
    const leftMs = running.startedMs + this.#target.probe.timeoutMs - nowMs
    const inMs = Math.min(delayMs, leftMs - PROBE_LIMITS.lookLeadMs)
    if (inMs <= 0) this.#look(running, nowMs)
    else this.#time.wheel.set(this.#lookTimer, inMs)
  }

  #onLook(): void {
    const running = this.#running
    if (running !== null && running.bytes > running.lookedBytes) {
      this.#look(running, freshMs(this.#time))
    }
  }

  /** No more will come. @param fault empty = the peer closed the connection as it should */
  #onEnd(running: Running, fault: string): void {
    if (this.#running !== running) return
    if (running.bytes > running.lookedBytes) this.#look(running, freshMs(this.#time))
    this.#fail(running, fault || running.fault || this.#missing())
  }

  #look(running: Running, nowMs: number): void {
    running.lookedMs = nowMs
    running.lookedBytes = running.bytes
    running.looks++
    const fault = this.#fault(running)
    running.fault = fault
    if (fault === '') this.#answer(running, { fault: '', facts: this.#facts(running) })
    else if (running.bytes === PROBE_BODY_BYTES_MAX) this.#fail(running, fault)
  }

  #fault(running: Running): string {
    const { expect } = this.#check
    if (expect === null || running.bytes === 0) return ''
    if (running.chunks.length > 1) running.chunks.splice(0, Infinity, Buffer.concat(running.chunks))
    return textFault('answer', decodeText(running.chunks[0]!), expect, this.#patience)
  }

  #missing(): string {
    return `peer closed the connection before it sent ${this.#wanted()}`
  }

  #wanted(): string {
    const { expect } = this.#check
    return expect === null || expect.isNegated ? 'an answer' : quoted(expect.text)
  }

  #fail(running: Running, fault: string): void {
    this.#answer(running, { fault, facts: this.#facts(running) })
  }

  #facts(running: Running): string[] {
    return running.bytes === 0 ? [] : [bytesText(running.bytes)]
  }

  #answer(running: Running, answer: CheckAnswer): void {
    if (this.#running !== running) return
    this.#running = null
    this.#time.wheel.remove(this.#lookTimer)
    running.socket?.destroy()
    running.onAnswer(answer)
  }
}

/** Text whose characters are all bytes is sent as these bytes, any other as UTF-8. */
function bytesOf(text: string): Buffer {
  const isBytes = !/[^\0-\xff]/.test(text)
  return Buffer.from(text, isBytes ? 'latin1' : 'utf8')
}

/** The host of a peer as it is written: without port and brackets. */
function hostOf(peerName: string): string {
  if (peerName.startsWith('unix:')) return 'localhost'
  const host = peerName.replace(/:\d+$/, '')
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return isIP(bare) === 6 ? bare : isIP(peerName) === 6 ? peerName : host
}
