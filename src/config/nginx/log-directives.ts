// Directives about logs: `log_format`, `access_log`, `error_log`. Names of formats are checked after
// the walk, because a format may stand below the log that asks for it.

import type { LogLevel } from '../../model/settings.ts'
import { type AccessLog, type ErrorLog, LOG_LEVELS, type LogFormat } from '../../model/settings.ts'
import type { Template } from '../../model/template.ts'
import {
  type DirectiveRow,
  LEVELS_AND_IF,
  type LevelScope,
  MANY,
  scopeRow,
} from './directive-row.ts'
import { levelRow } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { HttpScope, LocationScope, MainScope, ServerScope } from './scope.ts'
import { hasVariables, parseTemplate, parseTemplatePart } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'
import { parseSize, parseTimeMs } from './values.ts'

export const LOG_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'log_format',
    {
      within: ['http'],
      args: [2, MANY],
      isRepeatable: true,
      syntax: 'name [escape=default | json | none] text …',
      doc: 'a form of access log lines; `combined` exists without being written',
    },
    readLogFormat,
  ),
  levelRow(
    'access_log',
    {
      within: [...LEVELS_AND_IF, 'limit_except'],
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'off | path [format [buffer=size] [flush=time] [if=condition]]',
      doc: 'where requests are logged; replaces the logs of the level above',
    },
    readAccessLog,
  ),
  scopeRow(
    'error_log',
    {
      within: ['main', 'http', 'server', 'location'],
      args: [1, 2],
      isRepeatable: true,
      syntax: 'file | stderr [level]',
      doc: `where failures are logged, from a level on: ${LOG_LEVELS.join(', ')}`,
    },
    readErrorLog,
  ),
]

function readLogFormat(directive: Directive, scope: HttpScope, reading: Reading): void {
  const [nameWord, ...words] = directive.args
  const name = nameWord!.text
  if (name === 'combined' || scope.logFormats.some(format => format.name === name)) {
    reading.refuse(nameWord!, `duplicate "log_format" name "${name}"`)
    return
  }
  let escaping: LogFormat['escape'] = 'default'
  const option = /^escape=(.*)$/s.exec(words[0]!.text)
  if (option !== null) {
    const found = (['default', 'json', 'none'] as const).find(choice => choice === option[1])
    if (found === undefined) {
      const message = `unknown log format escaping "${option[1]}"`
      reading.refuse(words[0]!, message, 'write "default", "json" or "none"')
    } else {
      escaping = found
    }
    words.shift()
  }
  const text = words.flatMap(word => parseTemplate(word, reading))
  scope.logFormats.push({ name, escape: escaping, text: joinText(text) })
}

/** Neighbouring literals become one: a format is often written as several strings. */
function joinText(parts: Template): Template {
  const joined: Template[number][] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (typeof part === 'string' && typeof last === 'string')
      joined[joined.length - 1] = last + part
    else joined.push(part)
  }
  return joined
}

function readAccessLog(directive: Directive, scope: LevelScope, reading: Reading): void {
  const [target, formatWord, ...options] = directive.args
  const before = scope.level.values.accessLogs ?? []
  const origin = statementOrigin(directive)
  if (target!.text === 'off') {
    if (formatWord !== undefined) {
      reading.refuseParameter(formatWord)
      return
    }
    scope.level.set('accessLogs', before, origin)
    return
  }
  if (target!.text.startsWith('syslog:')) {
    reading.refuse(target!, 'logging to syslog is not supported yet', 'log to a file')
    return
  }
  if (formatWord !== undefined) {
    reading.formatUses.push({ name: formatWord.text, origin: wordOrigin(formatWord) })
  }
  const log: { -readonly [K in keyof AccessLog]: AccessLog[K] } = {
    path: logPath(target!, reading),
    format: formatWord?.text ?? 'combined',
    bufferBytes: 0,
    flushMs: 0,
    condition: null,
  }
  for (const word of options) readLogOption(word, log, reading)
  if (log.flushMs > 0 && log.bufferBytes === 0) {
    const message = `no buffer is defined for access_log "${target!.text}"`
    reading.diagnostics.error(message, origin, 'add buffer=32k, or remove flush=')
  }
  if (log.bufferBytes > 0 && hasVariables(log.path)) {
    reading.refuse(target!, 'buffered logs cannot have variables in name')
  }
  scope.level.set('accessLogs', [...before, log], origin)
}

function logPath(word: Word, reading: Reading): Template {
  const path = parseTemplate(word, reading)
  const [first, ...rest] = path
  if (typeof first !== 'string' || first.startsWith('/')) return path
  return [reading.underPrefix(first), ...rest]
}

function readLogOption(
  word: Word,
  log: { -readonly [K in keyof AccessLog]: AccessLog[K] },
  reading: Reading,
): void {
  const [, name = '', value = ''] = /^(\w+=)(.*)$/s.exec(word.text) ?? []
  if (name === 'buffer=') {
    const bytes = parseSize(value)
    if (bytes === null || bytes === 0) reading.refuse(word, `invalid buffer size "${value}"`)
    else log.bufferBytes = bytes
  } else if (name === 'flush=') {
    const time = parseTimeMs(value)
    if (time === null || time === 0) reading.refuse(word, `invalid flush time "${value}"`)
    else log.flushMs = time
  } else if (name === 'if=') {
    log.condition = parseTemplatePart(word, name.length, word.text.length, reading)
  } else if (name === 'gzip=' || word.text === 'gzip') {
    reading.refuse(word, 'compressed logs are not supported yet', 'compress when logs are rotated')
  } else {
    reading.refuseParameter(word, ['buffer', 'flush', 'if', 'gzip'])
  }
}

function readErrorLog(
  directive: Directive,
  scope: MainScope | HttpScope | ServerScope | LocationScope,
  reading: Reading,
): void {
  const [target, levelWord] = directive.args
  const level = levelWord === undefined ? 'error' : logLevel(levelWord, reading)
  if (level === null) return
  if (/^(syslog|memory):/.test(target!.text)) {
    const kind = target!.text.replace(/:.*/s, '')
    reading.refuse(target!, `logging to ${kind} is not supported yet`, 'log to a file or to stderr')
    return
  }
  const path = target!.text === 'stderr' ? 'stderr' : reading.underPrefix(target!.text)
  const log: ErrorLog = { path, level, format: 'text' }
  if (scope.kind === 'main') {
    scope.errorLogs.push(log)
    reading.processOrigins.errorLogs ??= directiveOrigin(directive)
  } else {
    const before = scope.level.values.errorLogs ?? []
    scope.level.set('errorLogs', [...before, log], directiveOrigin(directive))
  }
}

/** nginx's debugging levels by part (`debug_http`) are all of `debug` here. */
function logLevel(word: Word, reading: Reading): LogLevel | null {
  const text = word.text.replace(/^debug_(core|alloc|mutex|event|http|mail|stream)$/, 'debug')
  const found = LOG_LEVELS.find(level => level === text)
  if (found !== undefined) return found
  const hint = `write one of ${LOG_LEVELS.join(', ')}`
  reading.refuse(word, `invalid log level "${word.text}"`, hint)
  return null
}

/**
 * Complains about log formats that nobody defined; after the walk, so that their order does not
 * matter.
 */
export function checkLogFormats(formats: readonly LogFormat[], reading: Reading): void {
  const known = new Set(['combined', 'json', ...formats.map(format => format.name)])
  for (const { name, origin } of reading.formatUses) {
    if (known.has(name)) continue
    const hint = /^(buffer|flush|if|gzip)=?/.test(name)
      ? 'name the format before it: combined'
      : `define it with "log_format ${name} …;" inside "http"`
    reading.diagnostics.error(`unknown log format "${name}"`, origin, hint)
  }
}
