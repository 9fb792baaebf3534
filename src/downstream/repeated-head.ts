// The head of a connection's last request, kept because many clients send the same one again and again: what the same
// bytes mean is known (docs/decisions/013-repeated-heads.md).

import { KeptBytes } from '../base/kept-bytes.ts'
import type { HeadLimits, RequestHead } from '../http/request-parser.ts'
import { forgetHead, giveHead, mayKeepHead, takeHead } from './head-pool.ts'

export class RepeatedHead {
  #head: RequestHead | null = null
  #bytes: KeptBytes | null = null
  #limits: HeadLimits | null = null

  /** Where the head ends with which bytes[from, to) begin, if it is the kept one; else -1. */
  endIn(bytes: Buffer, from: number, to: number, limits: HeadLimits): number {
    const kept = this.#bytes
    if (kept === null || this.#limits !== limits || !kept.isStartOf(bytes, from, to)) return -1
    return from + kept.length
  }

  /** The head to parse the next request into; holds the kept one. */
  take(): RequestHead {
    return this.#head ?? takeHead()
  }

  /** The taken head was read from bytes[from, to). */
  learn(bytes: Buffer, from: number, to: number, limits: HeadLimits): void {
    this.#limits = limits
    this.#bytes?.keep(bytes, from, to)
  }

  /** The taken head could not be read. */
  unlearn(): void {
    this.#limits = null
    this.#bytes?.clear()
  }

  /** The request is over. A client that came back keeps its head, the others' go round. */
  give(head: RequestHead, isFirst: boolean): void {
    if (head === this.#head) return
    if (isFirst || this.#head !== null || !mayKeepHead()) {
      giveHead(head)
      return
    }
    this.#head = head
    this.#bytes = new KeptBytes()
  }

  /** The connection is gone. */
  close(): void {
    if (this.#head !== null) forgetHead(this.#head)
    this.#head = null
    this.#bytes = null
  }
}
