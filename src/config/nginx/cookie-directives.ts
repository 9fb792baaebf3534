// `proxy_cookie_domain`, `proxy_cookie_path` and `proxy_cookie_flags`: what becomes of the cookies that peers set.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cookie_domain

import {
  COOKIE_FLAGS,
  type CookieDomainRule,
  type CookieFlagsRule,
  type RedirectRule,
} from '../../model/proxy-settings.ts'
import type { Template } from '../../model/template.ts'
import { nearest } from '../suggest.ts'
import type { DirectiveRow, LevelScope } from './directive-row.ts'
import { levelRow, oneOf } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import type { LevelValues } from './scope.ts'
import { hasVariables, parseTemplate, parseTemplatePart } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const COOKIE_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'proxy_cookie_domain',
    {
      args: [1, 2],
      isRepeatable: true,
      syntax: 'off | domain replacement',
      doc: 'turns the Domain of cookies of peers into ours; a regex begins with `~`',
    },
    (directive, scope, reading) =>
      addRule(directive, scope, 'cookieDomains', readDomainRule, reading),
  ),
  levelRow(
    'proxy_cookie_path',
    {
      args: [1, 2],
      isRepeatable: true,
      syntax: 'off | path replacement',
      doc: 'turns the beginning of the Path of cookies of peers into ours; a regex begins with `~` or `~*`',
    },
    (directive, scope, reading) => addRule(directive, scope, 'cookiePaths', readPathRule, reading),
  ),
  levelRow(
    'proxy_cookie_flags',
    {
      args: [1, 4],
      isRepeatable: true,
      syntax: 'off | cookie [flag …]',
      doc:
        'adds attributes to a cookie of peers or takes them away: `secure`, `httponly`, ' +
        '`samesite=strict`, `lax` or `none`, and `nosecure`, `nohttponly`, `nosamesite`',
    },
    (directive, scope, reading) => addRule(directive, scope, 'cookieFlags', readFlagsRule, reading),
  ),
]

interface CookieRules {
  readonly cookieDomains: CookieDomainRule
  readonly cookiePaths: RedirectRule
  readonly cookieFlags: CookieFlagsRule
}

/** Adds one rule, or sets `off`, which stands alone. */
function addRule<K extends keyof CookieRules>(
  directive: Directive,
  { level }: LevelScope,
  key: K,
  read: (directive: Directive, reading: Reading) => CookieRules[K] | null,
  reading: Reading,
): void {
  const [first, second] = directive.args
  const written = level.values[key] as readonly CookieRules[K][] | undefined
  const isOff = second === undefined && first!.text === 'off'
  // `off` stands alone.
  if (written !== undefined && (isOff || written.length === 0)) {
    const name = directive.name.text
    reading.diagnostics.error(`"${name}" directive is duplicate`, directiveOrigin(directive))
    return
  }
  if (second === undefined && !isOff) {
    const hint = `write: ${directive.name.text} off; or a name and what becomes of it`
    reading.refuse(first!, `invalid parameter "${first!.text}"`, hint)
    return
  }
  const rule = isOff ? null : read(directive, reading)
  if (rule === null && !isOff) return
  const rules = rule === null ? [] : [...(written ?? []), rule]
  level.set(key, rules as LevelValues[K], statementOrigin(directive))
}

function readDomainRule({ args }: Directive, reading: Reading): CookieDomainRule | null {
  const [from, to] = args as readonly [Word, Word]
  if (from.text.startsWith('~')) return regexRule(from, 1, true, to, reading)
  return { kind: 'exact', from: withoutDot(from, reading), to: withoutDot(to, reading) }
}

/** A dot before a domain means nothing (RFC 6265 §5.2.3). */
function withoutDot(word: Word, reading: Reading): Template {
  const start = word.text.startsWith('.') ? 1 : 0
  return parseTemplatePart(word, start, word.text.length, reading)
}

function readPathRule({ args }: Directive, reading: Reading): RedirectRule | null {
  const [from, to] = args as readonly [Word, Word]
  if (!from.text.startsWith('~')) {
    return { kind: 'prefix', from: parseTemplate(from, reading), to: parseTemplate(to, reading) }
  }
  const isCaseInsensitive = from.text.startsWith('~*')
  return regexRule(from, isCaseInsensitive ? 2 : 1, isCaseInsensitive, to, reading)
}

function regexRule(from: Word, start: number, anyCase: boolean, to: Word, reading: Reading) {
  const regex = readRegex(from, start, anyCase, reading)
  if (regex === null) return null
  const { pattern, isCaseInsensitive } = regex
  return { kind: 'regex', pattern, isCaseInsensitive, to: parseTemplate(to, reading) } as const
}

function readFlagsRule({ args }: Directive, reading: Reading): CookieFlagsRule | null {
  const [cookie, ...flags] = args as readonly [Word, ...Word[]]
  const rule = { flags: flags.flatMap(word => readFlag(word, reading)) }
  if (!cookie.text.startsWith('~')) {
    return { cookie: { kind: 'name', name: parseTemplate(cookie, reading) }, ...rule }
  }
  const regex = readRegex(cookie, 1, true, reading)
  return regex === null ? null : { cookie: { kind: 'regex', pattern: regex.pattern }, ...rule }
}

/** One flag; what variables come to is seen when there is a cookie. nginx leaves out what is none, without a word. */
function readFlag(word: Word, reading: Reading): readonly Template[] {
  const flag = parseTemplate(word, reading)
  const text = word.text.toLowerCase()
  if (hasVariables(flag) || COOKIE_FLAGS.some(known => known === text)) return [flag]
  const meant = nearest(word.text, COOKIE_FLAGS)
  const hint = meant === null ? `write ${oneOf(COOKIE_FLAGS)}` : `did you mean "${meant}"?`
  const message = `invalid parameter "${word.text}" is left out`
  reading.diagnostics.warning(message, wordOrigin(word), hint)
  return []
}
