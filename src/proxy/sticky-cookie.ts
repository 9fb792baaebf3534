// `sticky cookie`: the peer's name goes to the client in a cookie, which comes back with the session's next request. The
// attributes stand in nginx's order and in its words (nginx 1.29.6). nginx sends the cookie with every answer; here that
// is so where it expires, because each answer moves that time on, and with `strict`. Otherwise the client is told only
// what it does not have: an answer without Set-Cookie can be cached.

import type { Clock } from '../base/clock.ts'
import { formatHttpDate } from '../http/date.ts'
import { literalText } from '../model/template.ts'
import type { Sticky } from '../model/upstream.ts'
import type { Exchange } from './exchange.ts'
import type { PeerNames } from './peer-names.ts'
import type { Render } from './runtime.ts'
import { fieldText } from './safe-text.ts'
import type { StickySessions } from './sticky.ts'
import { byteText } from './variable.ts'
import { compileTemplate, compileVariable } from './variables.ts'

const EXPIRES_MAX = '; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000'
const SAME_SITE = /^(?:strict|lax|none)$/i

export class CookieSessions implements StickySessions {
  readonly #name: string
  readonly #cookie: (exchange: Exchange) => string | null
  readonly #clock: Clock
  /** Seconds; 0 = the cookie's time does not change with the answer. */
  readonly #expires: number
  /** `; expires=…` where it is always the same. */
  readonly #expiresText: string
  readonly #domain: Render
  /** `; httponly; secure` */
  readonly #flags: string
  readonly #sameSite: Render
  readonly #isSameSiteChecked: boolean
  readonly #path: string
  readonly #isAlwaysSent: boolean

  constructor(sticky: Extract<Sticky, { kind: 'cookie' }>, clock: Clock, isStrict: boolean) {
    const { name, expires, domain, path, httpOnly, secure, sameSite } = sticky
    this.#name = byteText(name)
    this.#cookie = compileVariable(`cookie_${this.#name}`)
    this.#clock = clock
    this.#expires = typeof expires === 'number' ? expires : 0
    this.#expiresText = expires === 'max' ? EXPIRES_MAX : ''
    this.#domain = compileTemplate(domain)
    this.#flags = (httpOnly ? '; httponly' : '') + (secure ? '; secure' : '')
    this.#sameSite = compileTemplate(sameSite)
    this.#isSameSiteChecked = literalText(sameSite) === null
    this.#path = path === '' ? '' : `; path=${byteText(path)}`
    this.#isAlwaysSent = isStrict || expires !== null
  }

  find(exchange: Exchange, names: PeerNames): readonly number[] {
    const name = this.#cookie(exchange)
    return name === null ? [] : names.find(name)
  }

  onAnswer(exchange: Exchange, names: PeerNames, peer: number): void {
    const name = names.names[peer]!
    if (!this.#isAlwaysSent && this.#cookie(exchange) === name) return
    const value = `${this.#name}=${name}${this.#attributes(exchange)}`
    exchange.ownLines += `Set-Cookie: ${fieldText(value)}\r\n`
  }

  onWhole(): void {}

  #attributes(exchange: Exchange): string {
    let text = this.#expires > 0 ? this.#expiresIn(this.#expires) : this.#expiresText
    const domain = this.#domain(exchange)
    if (domain !== '') text += `; domain=${domain}`
    text += this.#flags
    const sameSite = this.#sameSite(exchange)
    if (sameSite !== '') {
      // A variable may come to anything: what is none of the three becomes the safest, as in nginx.
      const isKnown = !this.#isSameSiteChecked || SAME_SITE.test(sameSite)
      text += `; samesite=${isKnown ? sameSite : 'strict'}`
    }
    return text + this.#path
  }

  #expiresIn(seconds: number): string {
    return `; expires=${formatCookieDate(this.#clock.wallSeconds + seconds)}; max-age=${seconds}`
  }
}

/** `Thu, 31-Dec-37 23:55:55 GMT`: two digits for the year as long as browsers of the nineties could read them (nginx). */
export function formatCookieDate(seconds: number): string {
  const [, start, day, month, year, rest] = DATE.exec(formatHttpDate(seconds))!
  return `${start}${day}-${month}-${Number(year) > 2037 ? year : year!.slice(2)}${rest}`
}

const DATE = /^(\w+, )(\d+) (\w+) (\d+)( .*)$/
