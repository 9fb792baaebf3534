// The name servers of one resolver: each question begins with the next one, so that they share the work, and a server
// that was silent or refused is asked last for a while. All are asked before a question fails.

import { DNS_LIMITS } from './limits.ts'
import { codeText, type Question, REPLY_CODES, type Reply } from './message.ts'
import { type Ask, type Asked, isNoReply, type NameServer, serverText } from './name-server.ts'
import type { NameTime } from './name-time.ts'

/** A reply that says yes or no, or why nobody gave one. */
export type Told =
  | { readonly reply: Reply; readonly reason: '' }
  | { readonly reply: null; readonly reason: string }

interface Member {
  readonly server: NameServer
  badUntilMs: number
}

export class ServerList {
  readonly #members: readonly Member[]
  readonly #ask: Ask
  readonly #time: NameTime
  #turn = 0

  constructor(servers: readonly NameServer[], ask: Ask, time: NameTime) {
    this.#members = servers.map(server => ({ server, badUntilMs: Number.NEGATIVE_INFINITY }))
    this.#ask = ask
    this.#time = time
  }

  /**
   * Asks one server after the other until one knows.
   *
   * @param signal ends the asking; the reason is then the last one that a server gave
   */
  async ask(question: Question, signal: AbortSignal): Promise<Told> {
    let reason = 'no name servers'
    for (let round = 0; round < DNS_LIMITS.roundsMax; round++) {
      let isWorthAnotherRound = false
      for (const member of this.#inTurn()) {
        const asked = await this.#ask(member.server, question, signal)
        if (signal.aborted) return { reply: null, reason }
        if (isUseful(asked)) {
          member.badUntilMs = Number.NEGATIVE_INFINITY
          return { reply: asked, reason: '' }
        }
        reason = this.#blame(member, asked)
        isWorthAnotherRound ||= isNoReply(asked) && asked.problem === 'silent'
      }
      // Who refused or is not there says the same at once again; only datagrams get lost.
      if (!isWorthAnotherRound) break
    }
    return { reply: null, reason }
  }

  /** The servers in the order of this question: in turn, the bad ones last. */
  #inTurn(): Member[] {
    const now = this.#time.now()
    const start = this.#turn++ % Math.max(1, this.#members.length)
    const turned = [...this.#members.slice(start), ...this.#members.slice(0, start)]
    const isBad = (member: Member): boolean => member.badUntilMs > now
    return [...turned.filter(member => !isBad(member)), ...turned.filter(isBad)]
  }

  #blame(member: Member, asked: Asked): string {
    // "Server failure" is about the name more often than about the server.
    const isAboutName = !isNoReply(asked) && asked.code === REPLY_CODES.serverFailure
    if (!isAboutName) member.badUntilMs = this.#time.now() + DNS_LIMITS.badServerMs
    if (isNoReply(asked)) return asked.text
    return `${codeText(asked.code)}, says ${serverText(member.server)}`
  }
}

function isUseful(asked: Asked): asked is Reply {
  if (isNoReply(asked)) return false
  return asked.code === REPLY_CODES.ok || asked.code === REPLY_CODES.noSuchName
}
