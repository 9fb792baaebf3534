// A network in a table: what each name server says to each question, without sockets.

import type { DnsRecord, Question, Reply } from '../../src/dns/message.ts'
import type { Ask, Asked, NameServer } from '../../src/dns/name-server.ts'

export interface AskedQuestion {
  readonly host: string
  readonly question: string
}

/** Answers by `server type name`, `type name`, or `server`; an unknown question gets "no such name". */
export class ScriptedNetwork {
  readonly asked: AskedQuestion[] = []
  readonly #answers = new Map<string, Asked | 'hang'>()
  /** Questions that hang until they are given up. */
  hangingCount = 0

  set(key: string, answer: Asked | 'hang'): void {
    this.#answers.set(key, answer)
  }

  /** The questions asked so far, and forgets them. */
  takeAsked(): string[] {
    return this.asked.splice(0).map(({ question }) => question)
  }

  takeServers(): string[] {
    return this.asked.splice(0).map(({ host }) => host)
  }

  readonly ask: Ask = (server, { type, name }, signal) => {
    const question = `${type} ${name}`
    this.asked.push({ host: server.host, question })
    const answer =
      this.#answers.get(`${server.host} ${question}`) ??
      this.#answers.get(server.host) ??
      this.#answers.get(question) ??
      reply([], { code: 3 })
    if (answer !== 'hang') return Promise.resolve(answer)
    this.hangingCount++
    return new Promise(resolve => {
      const giveUp = (): void => {
        this.hangingCount--
        resolve({ problem: 'closed', text: 'given up' })
      }
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }
}

export const SERVERS: readonly NameServer[] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(host => ({
  host,
  port: 53,
}))

export function reply(answers: readonly DnsRecord[], changes: Partial<Reply> = {}): Reply {
  return { code: 0, isTruncated: false, answers, additionals: [], missingTtlMs: null, ...changes }
}

export const SILENT: Asked = { problem: 'silent', text: 'no answer' }
export const UNREACHABLE: Asked = { problem: 'unreachable', text: 'nobody there' }

/** `a('app.example', 60, '10.1.0.1', '10.1.0.2')`. */
export function a(name: string, ttlSeconds: number, ...addresses: string[]): DnsRecord[] {
  return addresses.map(address => ({ type: 'A', name, ttlMs: ttlSeconds * 1000, address }))
}

export function aaaa(name: string, ttlSeconds: number, ...addresses: string[]): DnsRecord[] {
  return addresses.map(address => ({ type: 'AAAA', name, ttlMs: ttlSeconds * 1000, address }))
}

export function cname(name: string, ttlSeconds: number, target: string): DnsRecord {
  return { type: 'CNAME', name, ttlMs: ttlSeconds * 1000, target }
}

export function srv(
  name: string,
  ttlSeconds: number,
  [priority, weight, port, target]: readonly [number, number, number, string],
): DnsRecord {
  return { type: 'SRV', name, ttlMs: ttlSeconds * 1000, priority, weight, port, target }
}

export type { Question }
