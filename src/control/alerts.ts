// Tells people and programs of a peer's going down and coming back, as its upstream asks for: a
// program, a webhook, a mail, once or again while it stays down. Everything here waits for
// somebody outside, so it never holds up a check: few at a time, each with a limit, and what
// piles up beyond the limit is dropped and said.

import type { Delay } from '../base/delay.ts'
import { systemErrorText } from '../base/system-error.ts'
import { PROGRAM, VERSION } from '../base/version.ts'
import type { Alerts } from '../model/probe.ts'
import type { LogLevel } from '../model/settings.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { sendMail } from './mail.ts'
import type { RosterPeer } from './peer-roster.ts'
import { type PeerVerdict, peerText, spanText, type Transition, upstreamText } from './probe-log.ts'
import { runProgram } from './run-program.ts'

export interface AlertOptions {
  readonly log: (level: LogLevel, text: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly delay: Delay
  readonly send?: typeof sendMail
}

/** What is told. */
interface News {
  readonly peer: RosterPeer
  readonly state: PeerVerdict
  readonly why: string
  readonly atMs: number
  /** How long it has been so; 0 = it has just happened. */
  readonly forMs: number
}

/** A peer that is down, and when that is said again. */
interface Reminder extends News {
  readonly repeatMs: number
  nextMs: number
}

export class AlertDesk {
  readonly #options: AlertOptions
  readonly #end = new AbortController()
  readonly #waiting: (() => Promise<void>)[] = []
  readonly #reminders = new Map<string, Reminder>()
  /** Failures that were logged in the last minute, and when. */
  readonly #told = new Map<string, number>()
  #active = 0
  #dropped = 0
  #isTicking = false

  constructor(options: AlertOptions) {
    this.#options = options
  }

  /** How many are under way or wait. */
  get pending(): number {
    return this.#active + this.#waiting.length
  }

  onTransition({ peer, before, state, why, atMs }: Transition): void {
    const { alerts } = peer.upstream
    if (state !== 'down') this.#reminders.delete(peer.id)
    if (alerts === null || state === 'checking') return
    // That a peer answers when it is asked for the first time is no news.
    if (state === 'up' && before === 'checking') return
    this.#tell(alerts, { peer, state, why, atMs, forMs: 0 })
    if (state !== 'down' || alerts.repeatMs <= 0) return
    const { repeatMs } = alerts
    const nextMs = atMs + repeatMs
    this.#reminders.set(peer.id, { peer, state, why, atMs, forMs: 0, repeatMs, nextMs })
    if (!this.#isTicking) void this.#tick()
  }

  /** Goes on with the peers of what serves: the others are not spoken of any more. */
  use(peers: readonly RosterPeer[]): void {
    const byId = new Map(peers.map(peer => [peer.id, peer]))
    for (const [id, reminder] of this.#reminders) {
      const peer = byId.get(id)
      const repeatMs = peer?.upstream.alerts?.repeatMs ?? 0
      if (peer === undefined || repeatMs <= 0) this.#reminders.delete(id)
      else this.#reminders.set(id, { ...reminder, peer, repeatMs })
    }
  }

  close(): void {
    this.#end.abort()
    this.#waiting.length = 0
    this.#reminders.clear()
  }

  async #tick(): Promise<void> {
    const { delay, now } = this.#options
    const { signal } = this.#end
    this.#isTicking = true
    while (!signal.aborted && this.#reminders.size > 0) {
      await delay(CONTROL_LIMITS.alertTickMs, signal)
      const nowMs = now()
      for (const reminder of this.#reminders.values()) {
        const { alerts } = reminder.peer.upstream
        if (nowMs < reminder.nextMs || alerts === null) continue
        reminder.nextMs = nowMs + reminder.repeatMs
        this.#tell(alerts, { ...reminder, forMs: nowMs - reminder.atMs })
      }
    }
    this.#isTicking = false
  }

  #tell(alerts: Alerts, news: News): void {
    const { command, webhook, mailTo } = alerts
    const { signal } = this.#end
    if (command !== null) {
      const environment = environmentOf(news)
      const words = [news.state, news.peer.address, news.peer.upstream.name]
      this.#add('command', news, () =>
        runProgram(command, { arguments: words, environment, signal }),
      )
    }
    if (webhook !== null) this.#add('webhook', news, () => this.#post(webhook, bodyOf(news)))
    if (mailTo.length > 0) {
      const { send = sendMail, now } = this.#options
      const { mailFrom: from, smtp } = alerts
      const mail = { to: mailTo, from, ...mailOf(news) }
      this.#add('mail', news, () => send(mail, { smtp, now: () => new Date(now()), signal }))
    }
  }

  /** @param run gives null or what went wrong */
  #add(kind: string, { peer }: News, run: () => Promise<string | null>): void {
    const { log } = this.#options
    if (this.#end.signal.aborted) return
    if (this.#waiting.length >= CONTROL_LIMITS.alertsWaitingMax) {
      this.#dropped++
      if (this.#dropped === 1) log('warn', 'too many alerts wait to be sent: some are dropped')
      return
    }
    this.#waiting.push(async () => {
      const problem = await run().catch((error: unknown) => systemErrorText(error))
      if (problem !== null && !this.#end.signal.aborted) {
        this.#complain(kind, problem, peer)
      }
    })
    this.#next()
  }

  /** The same trouble with each of many peers is one line a minute. */
  #complain(kind: string, problem: string, peer: RosterPeer): void {
    const { log, now } = this.#options
    const text = `alert by ${kind} failed: ${problem}`
    const nowMs = now()
    for (const [each, atMs] of this.#told) {
      if (nowMs - atMs >= CONTROL_LIMITS.alertTroubleMs) this.#told.delete(each)
    }
    if (this.#told.has(text)) return
    this.#told.set(text, nowMs)
    log('warn', `${text}, ${peerText(peer)}${upstreamText(peer)}`)
  }

  #next(): void {
    if (this.#active >= CONTROL_LIMITS.alertsActiveMax) return
    const run = this.#waiting.shift()
    if (run === undefined) {
      if (this.#active === 0 && this.#dropped > 0) {
        this.#options.log('warn', `${this.#dropped} alerts were dropped`)
        this.#dropped = 0
      }
      return
    }
    this.#active++
    void run().then(() => {
      this.#active--
      this.#next()
    })
  }

  async #post(url: string, body: string): Promise<string | null> {
    const { signal } = this.#end
    const first = await postOnce(url, body, signal)
    if (first === null || signal.aborted) return first
    await this.#options.delay(CONTROL_LIMITS.webhookRetryMs, signal)
    return postOnce(url, body, signal)
  }
}

async function postOnce(url: string, body: string, end: AbortSignal): Promise<string | null> {
  // Few need it, and loading it takes a moment.
  const { request } = await import('undici')
  const limit = AbortSignal.timeout(CONTROL_LIMITS.webhookTimeoutMs)
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': `${PROGRAM}/${VERSION}` },
      body,
      signal: AbortSignal.any([end, limit]),
      // The next alert may be a day away.
      reset: true,
    })
    await answer.body.dump({ limit: 65_536, signal: limit })
    const { statusCode } = answer
    return statusCode >= 200 && statusCode < 300 ? null : `${url}: status ${statusCode}`
  } catch (error) {
    const seconds = CONTROL_LIMITS.webhookTimeoutMs / 1000
    return `${url}: ${limit.aborted ? `no answer in ${seconds} s` : systemErrorText(error)}`
  }
}

function environmentOf({ peer, state, why }: News): Readonly<Record<string, string>> {
  return {
    PEER: peer.address,
    PEER_NAME: peer.line.name,
    UPSTREAM: peer.upstream.name,
    STATE: state,
    // An environment cannot hold a zero byte.
    WHY: why.replaceAll('\0', ''),
  }
}

function bodyOf({ peer, state, why, atMs, forMs }: News): string {
  return JSON.stringify({
    upstream: peer.upstream.name,
    peer: peer.address,
    name: peer.line.name,
    state,
    why,
    at: new Date(atMs).toISOString(),
    seconds: Math.round(forMs / 1000),
  })
}

function mailOf({ peer, state, why, atMs, forMs }: News): {
  readonly subject: string
  readonly text: string
} {
  const { address, upstream, line } = peer
  const still = forMs === 0 ? '' : `still `
  const since = forMs === 0 ? '' : ` for ${spanText(forMs)}`
  return {
    subject: `[${PROGRAM}] peer ${address} is ${still}${state} (${upstream.name})`,
    text:
      `Peer ${address}${line.name === address ? '' : ` (${line.name})`} ` +
      `of upstream "${upstream.name}" is ${still}${state}${since}.\n\n` +
      `Why: ${why === '' ? 'unknown' : why}\n` +
      `At: ${new Date(atMs).toISOString()}\n`,
  }
}
