// `proxy_pass` and `proxy_redirect`: where requests go, and how the addresses in answers are turned
// back. Names of groups are joined after the walk, because an `upstream` may stand below its use.

import type { RedirectRule } from '../../model/proxy-settings.ts'
import { literal, type Template } from '../../model/template.ts'
import { isAddressProblem, type ParsedAddress, parsePeerAddress } from './address.ts'
import { type DirectiveRow, type LevelScope, scopeRow } from './directive-row.ts'
import { levelRow } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import type { LocationScope, WrittenRedirect } from './scope.ts'
import { hasVariables, parseTemplate, parseTemplatePart } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const PROXY_PASS_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'proxy_pass',
    {
      within: ['location', 'if', 'limit_except'],
      syntax: 'http://(group | host[:port] | unix:path:)[uri] | $variable',
      doc: 'the peers that answer; a URI replaces the part of the path that the location matched',
    },
    readProxyPass,
  ),
  levelRow(
    'proxy_redirect',
    {
      args: [1, 2],
      isRepeatable: true,
      syntax: 'default | off | redirect replacement',
      doc: 'how fields Location and Refresh of peers are turned into our addresses',
    },
    readProxyRedirect,
  ),
]

function readProxyPass(directive: Directive, scope: LocationScope, reading: Reading): void {
  const word = directive.args[0]!
  const scheme = /^https?:\/\//i.exec(word.text)?.[0]
  if (scheme === undefined) {
    if (word.text.startsWith('$')) readVariable(directive, word, scope, reading)
    else reading.refuse(word, 'invalid URL prefix', 'begin with http://')
    return
  }
  if (scheme.toLowerCase() === 'https://') {
    const hint = 'use http:// inside a trusted network, or end TLS beside the peer'
    reading.refuse(word, 'https:// in "proxy_pass" is not supported yet', hint)
    return
  }
  scope.targetWord = word
  const origin = statementOrigin(directive)
  const split = splitUrl(word, scheme.length)
  const address = parseTemplatePart(word, scheme.length, split.addressEnd, reading)
  const uriText = word.text.slice(split.uriStart)
  const uri =
    uriText === '' ? null : parseTemplatePart(word, split.uriStart, word.text.length, reading)
  if (hasVariables(address)) {
    scope.target = { origin, scheme: 'http', upstream: null, address, uri }
    return
  }
  const text = word.text.slice(scheme.length, split.addressEnd)
  const parsed = parseTarget(word, text, reading)
  if (parsed === null) return
  const isPlain = uri === null || !hasVariables(uri)
  if (isPlain && uri !== null && !checkUri(directive, scope, reading)) return
  const shown = literal(proxyHost(parsed))
  const path = uriText.startsWith('?') ? prefixSlash(uri!) : uri
  scope.target = { origin, scheme: 'http', upstream: text, address: shown, uri: path }
}

/** `proxy_pass $backend`, `proxy_pass $scheme://$host`: the protocol, too, is known when a request comes. */
function readVariable(
  directive: Directive,
  word: Word,
  scope: LocationScope,
  reading: Reading,
): void {
  const address = parseTemplate(word, reading)
  scope.targetWord = word
  scope.target = {
    origin: statementOrigin(directive),
    scheme: 'http',
    upstream: null,
    address,
    uri: null,
  }
}

/** `http://host?x` asks for `/?x`. */
function prefixSlash(uri: Template): Template {
  const [first, ...rest] = uri
  return typeof first === 'string' ? [`/${first}`, ...rest] : ['/', ...uri]
}

/**
 * Where the address ends and the URI begins, in characters of the word; `unix:path:` ends with its
 * colon.
 */
function splitUrl(word: Word, start: number): { addressEnd: number; uriStart: number } {
  const rest = word.text.slice(start)
  if (/^unix:/i.test(rest)) {
    const colon = rest.indexOf(':', 5)
    if (colon === -1) return { addressEnd: word.text.length, uriStart: word.text.length }
    return { addressEnd: start + colon, uriStart: start + colon + 1 }
  }
  const slash = rest.search(/[/?]/)
  const end = slash === -1 ? word.text.length : start + slash
  return { addressEnd: end, uriStart: end }
}

function parseTarget(word: Word, text: string, reading: Reading): ParsedAddress | null {
  // The name of a group may hold more characters than that of a host; it is joined later.
  const parsed = parsePeerAddress(text)
  if (!isAddressProblem(parsed)) return parsed
  if (parsed.problem === 'invalid host' && /^[^:[\]]+$/.test(text)) {
    return {
      address: { kind: 'tcp', host: text, port: 80 },
      host: text,
      hasPort: false,
      lastPort: 80,
    }
  }
  reading.refuse(word, `${parsed.problem} in upstream "${text}"`)
  return null
}

/** nginx's `$proxy_host`: the host, and the port unless it is that of the protocol. */
function proxyHost(parsed: ParsedAddress): string {
  const { address, host } = parsed
  if (address.kind === 'unix') return 'localhost'
  return address.port === 80 ? host : `${host}:${address.port}`
}

function checkUri(directive: Directive, scope: LocationScope, reading: Reading): boolean {
  const isPlain = scope.match.kind !== 'regex' && scope.match.kind !== 'named'
  if (isPlain && scope.block === 'location') return true
  const message =
    '"proxy_pass" cannot have URI part in location given by regular expression, ' +
    'or inside named location, or inside "if" statement, or inside "limit_except" block'
  const hint = 'leave out the path, or put variables into it: the whole target is replaced then'
  reading.diagnostics.error(message, statementOrigin(directive), hint)
  return false
}

function readProxyRedirect(directive: Directive, scope: LevelScope, reading: Reading): void {
  const rule = parseRedirect(directive, scope, reading)
  if (rule === null) return
  const written = scope.level.values.redirects
  const origin = directiveOrigin(directive)
  if (written !== undefined && (rule === 'off' || written.length === 0)) {
    // `off` stands alone.
    if (rule === 'off') {
      reading.diagnostics.error('"proxy_redirect" directive is duplicate', origin)
    }
    return
  }
  const rules: readonly WrittenRedirect[] = rule === 'off' ? [] : [...(written ?? []), rule]
  scope.level.set('redirects', rules, statementOrigin(directive))
}

function parseRedirect(
  directive: Directive,
  scope: LevelScope,
  reading: Reading,
): WrittenRedirect | 'off' | null {
  const [from, to] = directive.args
  if (to === undefined) {
    if (from!.text === 'off') return 'off'
    if (from!.text === 'default') return defaultRedirect(directive, scope, reading)
    reading.refuse(from!, `invalid parameter "${from!.text}"`, 'write "default", "off" or two URLs')
    return null
  }
  return redirectRule(from!, to, reading)
}

function defaultRedirect(
  directive: Directive,
  scope: LevelScope,
  reading: Reading,
): 'default' | null {
  const target = scope.kind === 'location' ? scope.target : null
  const origin = statementOrigin(directive)
  if (target === null) {
    const message = '"proxy_redirect default" should be placed after the "proxy_pass" directive'
    reading.diagnostics.error(message, origin, 'it holds anyway where nothing else is written')
    return null
  }
  if (hasVariables([...target.address, ...(target.uri ?? [])])) {
    const message =
      '"proxy_redirect default" cannot be used with "proxy_pass" directive with variables'
    reading.diagnostics.error(message, origin)
    return null
  }
  return 'default'
}

function redirectRule(from: Word, to: Word, reading: Reading): RedirectRule | null {
  const replacement = parseTemplate(to, reading)
  if (!from.text.startsWith('~')) {
    return { kind: 'prefix', from: parseTemplate(from, reading), to: replacement }
  }
  const isCaseInsensitive = from.text.startsWith('~*')
  const start = isCaseInsensitive ? 2 : 1
  if (from.text.length === start) {
    reading.diagnostics.error('empty regex in "proxy_redirect" directive', wordOrigin(from))
    return null
  }
  const regex = readRegex(from, start, isCaseInsensitive, reading)
  if (regex === null) return null
  const { pattern } = regex
  return { kind: 'regex', pattern, isCaseInsensitive: regex.isCaseInsensitive, to: replacement }
}
