// Directives about the answers that files give: conditions, ranges, links on the way to them; and the caches of open files that
// nginx has and this program does without.
// http://nginx.org/en/docs/http/ngx_http_core_module.html

import type { SymlinkRule } from '../../model/settings.ts'
import { ALL_LEVELS, type DirectiveRow, type LevelScope, scopeRow } from './directive-row.ts'
import { choiceRow, countRow, flagRow, levelRow, readFlag } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import { parseTemplatePart } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'
import { parseCount, parseTimeSeconds } from './values.ts'

export const FILE_ANSWER_DIRECTIVES: readonly DirectiveRow[] = [
  choiceRow(
    'if_modified_since',
    'modifiedSince',
    { off: 'off', exact: 'exact', before: 'before' },
    { doc: 'which dates of If-Modified-Since are answered with 304' },
  ),
  flagRow('etag', 'hasEtag', { doc: 'whether files have an ETag' }),
  countRow('max_ranges', 'rangesMax', {
    doc: 'ranges of one request; more give the whole, 0 gives no parts at all',
  }),
  levelRow(
    'disable_symlinks',
    {
      args: [1, 2],
      syntax: 'off | (on | if_not_owner) [from=part]',
      doc: 'whether files behind symbolic links are refused, all or those of another owner',
    },
    readSymlinks,
  ),
  flagRow('autoindex', 'hasAutoindex', {
    doc: 'whether directories without an index are listed',
  }),
  choiceRow(
    'autoindex_format',
    'autoindexFormat',
    { html: 'html', json: 'json', jsonp: 'jsonp', xml: 'xml' },
    {
      doc: 'how they are listed; `jsonp` takes the name of a function from the argument `callback`',
    },
  ),
  flagRow('autoindex_exact_size', 'autoindexExact', {
    doc: 'whether `html` shows sizes in bytes, or rounded',
  }),
  flagRow('autoindex_localtime', 'autoindexLocal', {
    doc: 'whether `html` shows local times, or those of Greenwich',
  }),
  cacheRow('open_file_cache', [1, 2], 'off | max=n [inactive=time]', (directive, reading) =>
    checkFileCache(directive, ['inactive'], reading),
  ),
  cacheRow('open_file_cache_valid', [1, 1], 'time', ({ args: [word] }, reading) => {
    if (parseTimeSeconds(word!.text) !== null) return true
    reading.refuse(word!, '"open_file_cache_valid" directive invalid value', 'a time: 30s')
    return false
  }),
  cacheRow('open_file_cache_min_uses', [1, 1], 'number', ({ args: [word] }, reading) => {
    if (parseCount(word!.text) !== null) return true
    const message = '"open_file_cache_min_uses" directive invalid number'
    reading.refuse(word!, message, 'write digits only')
    return false
  }),
  cacheRow(
    'open_file_cache_errors',
    [1, 1],
    'on | off',
    (directive, reading) => readFlag(directive.args[0]!, directive, reading) !== null,
  ),
  cacheRow(
    'open_log_file_cache',
    [1, 4],
    'off | max=n [inactive=time] [min_uses=n] [valid=time]',
    (directive, reading) => checkFileCache(directive, ['inactive', 'min_uses', 'valid'], reading),
  ),
]

/** A row that is checked for form, and has no effect. */
function cacheRow(
  name: string,
  args: readonly [min: number, max: number],
  syntax: string,
  check: (directive: Directive, reading: Reading) => boolean,
): DirectiveRow {
  const isLog = name.startsWith('open_log')
  const doc = isLog
    ? 'log files stay open while they are written'
    : 'files are opened for each request, so that what is on the disk is what is served'
  const row = scopeRow(name, { within: ALL_LEVELS, args, syntax, doc }, (directive, _, reading) => {
    const isOff = directive.args[0]!.text === 'off'
    if (!check(directive, reading) || isOff) return
    reading.noticeOnce(name, `"${name}" has no effect here: ${doc}`, directiveOrigin(directive))
  })
  return { ...row, effect: 'none' }
}

/** `max=1000 inactive=20s`, or `off` alone. */
function checkFileCache(directive: Directive, names: readonly string[], reading: Reading): boolean {
  const { args, name } = directive
  const isOff = args.some(word => word.text === 'off')
  if (isOff && args.length === 1) return true
  let isWhole = true
  for (const word of args) {
    const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(word.text) ?? []
    const isCount = key === 'max' || key === 'min_uses'
    const isKnown = key === 'max' || names.includes(key)
    const number = isCount ? parseCount(value) : parseTimeSeconds(value)
    if (isKnown && number !== null && (key !== 'max' || number > 0)) continue
    isWhole = false
    const message = `invalid "${name.text}" parameter "${word.text}"`
    reading.refuse(word, message, 'write: max=1000 inactive=20s; or: off')
  }
  if (isWhole && !args.some(word => word.text.startsWith('max='))) {
    isWhole = false
    const message = `"${name.text}" must have the "max" parameter`
    reading.diagnostics.error(message, statementOrigin(directive), 'write: max=1000')
  }
  return isWhole
}

const MODES: ReadonlyMap<string, SymlinkRule['mode'] | 'off'> = new Map([
  ['off', 'off'],
  ['on', 'on'],
  ['if_not_owner', 'if_not_owner'],
])

function readSymlinks(directive: Directive, scope: LevelScope, reading: Reading): void {
  let mode: SymlinkRule['mode'] | 'off' | null = null
  let from: Word | null = null
  for (const word of directive.args) {
    const found = MODES.get(word.text)
    const isDuplicate = found === undefined ? from !== null : mode !== null
    if (found === undefined && !word.text.startsWith('from=')) {
      reading.refuseParameter(word, ['off', 'on', 'if_not_owner', 'from='])
      return
    }
    if (isDuplicate) {
      const both = directive.args.map(each => each.text).join(' ')
      reading.refuse(word, `duplicate parameters "${both}"`, 'keep one of them')
      return
    }
    if (found === undefined) from = word
    else mode = found
  }
  const origin = statementOrigin(directive)
  if (mode === null) {
    const message = '"disable_symlinks" must have "off", "on" or "if_not_owner" parameter'
    reading.diagnostics.error(message, origin, 'write: disable_symlinks on from=$document_root;')
  } else if (mode !== 'off') {
    const part =
      from === null ? null : parseTemplatePart(from, 'from='.length, from.text.length, reading)
    scope.level.set('symlinks', { mode, from: part }, origin)
  } else if (from === null) {
    scope.level.set('symlinks', 'off', origin)
  } else {
    reading.refuse(from, '"from=" cannot be used with "off" parameter', 'leave it out')
  }
}
