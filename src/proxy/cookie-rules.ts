// `proxy_cookie_domain`, `proxy_cookie_path` and `proxy_cookie_flags`: Set-Cookie of a peer made fit for this side. As in
// nginx a cookie that no rule changes goes on as it came, and one that is changed is put together anew
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cookie_domain).

import type {
  CookieDomainRule,
  CookieFlagsRule,
  ProxySettings,
  RedirectRule,
} from '../model/proxy-settings.ts'
import type { Template } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import { setCaptures } from './route.ts'
import type { Render } from './runtime.ts'
import { fieldText } from './safe-text.ts'

/** Rewrites the value of one Set-Cookie; the same string where no rule applies. */
export type RewriteCookie = (exchange: Exchange, value: string) => string

/** The value of an attribute after a rule; null = the rule does not fit. */
type Rewrite = (exchange: Exchange, value: string) => string | null

/** Adds and takes attributes; tells whether a rule named the cookie. */
type Flags = (exchange: Exchange, attributes: Attribute[]) => boolean

/** One part of a cookie, its name and value the first. */
interface Attribute {
  name: string
  /** Null = it has no `=`. */
  value: string | null
}

/** Compiles the rules; null where there are none. */
export function compileCookies(
  { cookieDomains, cookiePaths, cookieFlags }: ProxySettings,
  render: (template: Template) => Render,
): RewriteCookie | null {
  if (cookieDomains.length + cookiePaths.length + cookieFlags.length === 0) return null
  const domains = cookieDomains.map(rule => compileDomain(rule, render))
  const paths = cookiePaths.map(rule => compilePath(rule, render))
  const flags = compileFlags(cookieFlags, render)
  return (exchange, value) => {
    const attributes = parseCookie(value)
    if (attributes[0]!.value === null) return value
    let isChanged = false
    for (const attribute of attributes.slice(1)) {
      const name = attribute.name.toLowerCase()
      const rules = name === 'domain' ? domains : name === 'path' ? paths : NONE
      const rewritten = attribute.value === null ? null : first(rules, exchange, attribute.value)
      if (rewritten === null) continue
      attribute.value = rewritten
      isChanged = true
    }
    if (flags?.(exchange, attributes) === true) isChanged = true
    return isChanged ? fieldText(cookieText(attributes)) : value
  }
}

const NONE: readonly Rewrite[] = []

function first(rules: readonly Rewrite[], exchange: Exchange, value: string): string | null {
  for (const rule of rules) {
    const rewritten = rule(exchange, value)
    if (rewritten !== null) return rewritten
  }
  return null
}

/** Takes a Set-Cookie apart at its semicolons, whatever stands in quotes, as clients do (RFC 6265 §5.2). */
function parseCookie(value: string): Attribute[] {
  return value.split(';').map(part => {
    const equals = part.indexOf('=')
    if (equals === -1) return { name: trimmed(part), value: null }
    return { name: trimmed(part.slice(0, equals)), value: trimmed(part.slice(equals + 1)) }
  })
}

/** Without the blanks around it. */
function trimmed(text: string): string {
  return text.replace(/^ +| +$/g, '')
}

function cookieText(attributes: readonly Attribute[]): string {
  return attributes
    .map(({ name, value }) => (value === null ? name : `${name}=${value}`))
    .join('; ')
}

function compileDomain(rule: CookieDomainRule, render: (template: Template) => Render): Rewrite {
  if (rule.kind === 'regex') return compileRegex(rule, render)
  const from = render(rule.from)
  const to = render(rule.to)
  return (exchange, value) => {
    // The dot before a domain stays.
    const dot = value.startsWith('.') ? '.' : ''
    if (value.slice(dot.length).toLowerCase() !== from(exchange).toLowerCase()) return null
    return dot + to(exchange)
  }
}

function compilePath(rule: RedirectRule, render: (template: Template) => Render): Rewrite {
  if (rule.kind === 'regex') return compileRegex(rule, render)
  const from = render(rule.from)
  const to = render(rule.to)
  return (exchange, value) => {
    const prefix = from(exchange)
    return value.startsWith(prefix) ? to(exchange) + value.slice(prefix.length) : null
  }
}

function compileRegex(
  rule: Extract<RedirectRule, { kind: 'regex' }>,
  render: (template: Template) => Render,
): Rewrite {
  const regex = new RegExp(rule.pattern, rule.isCaseInsensitive ? 'i' : '')
  const to = render(rule.to)
  return (exchange, value) => {
    const captures = regex.exec(value)
    if (captures === null) return null
    setCaptures(exchange, captures)
    return to(exchange)
  }
}

// ── flags ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function compileFlags(
  rules: readonly CookieFlagsRule[],
  render: (template: Template) => Render,
): Flags | null {
  if (rules.length === 0) return null
  const compiled = rules.map(({ cookie, flags }) => ({
    names: compileName(cookie, render),
    flags: flags.map(render),
  }))
  return (exchange, attributes) => {
    const rule = compiled.find(each => each.names(exchange, attributes[0]!.name))
    const said = rule?.flags.map(flag => flag(exchange).toLowerCase()).filter(isFlag) ?? []
    if (said.length === 0) return false
    changeSwitch('Secure', said, attributes)
    changeSwitch('HttpOnly', said, attributes)
    changeSameSite(said, attributes)
    return true
  }
}

const FLAG = /^(?:(?:no)?(?:secure|httponly)|nosamesite|samesite=(?:strict|lax|none))$/

function isFlag(text: string): boolean {
  return FLAG.test(text)
}

function compileName(
  cookie: CookieFlagsRule['cookie'],
  render: (template: Template) => Render,
): (exchange: Exchange, name: string) => boolean {
  if (cookie.kind === 'name') {
    const wanted = render(cookie.name)
    return (exchange, name) => wanted(exchange).toLowerCase() === name.toLowerCase()
  }
  const regex = new RegExp(cookie.pattern, 'i')
  return (exchange, name) => {
    const captures = regex.exec(name)
    if (captures !== null) setCaptures(exchange, captures)
    return captures !== null
  }
}

/** Where both are said, what adds wins, as in nginx. */
function changeSwitch(name: string, said: readonly string[], attributes: Attribute[]): void {
  const lower = name.toLowerCase()
  if (said.includes(lower)) {
    if (indexOf(attributes, lower) === -1) attributes.push({ name, value: null })
  } else if (said.includes(`no${lower}`)) {
    remove(attributes, lower)
  }
}

const SAME_SITES: ReadonlyMap<string, string> = new Map([
  ['samesite=strict', 'Strict'],
  ['samesite=lax', 'Lax'],
  ['samesite=none', 'None'],
])

function changeSameSite(said: readonly string[], attributes: Attribute[]): void {
  for (const [flag, value] of SAME_SITES) {
    if (!said.includes(flag)) continue
    const index = indexOf(attributes, 'samesite')
    if (index === -1) attributes.push({ name: 'SameSite', value })
    else if (attributes[index]!.value?.toLowerCase() !== value.toLowerCase())
      attributes[index] = { name: 'SameSite', value }
    return
  }
  if (said.includes('nosamesite')) remove(attributes, 'samesite')
}

/** The place of an attribute behind the cookie itself. */
function indexOf(attributes: readonly Attribute[], lower: string): number {
  return attributes.findIndex((each, index) => index > 0 && each.name.toLowerCase() === lower)
}

function remove(attributes: Attribute[], lower: string): void {
  for (let index = indexOf(attributes, lower); index !== -1; index = indexOf(attributes, lower))
    attributes.splice(index, 1)
}
