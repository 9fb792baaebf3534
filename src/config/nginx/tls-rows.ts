// Makers of the rows about TLS, towards clients and towards peers alike. What they say is checked as nginx checks it and
// kept; nothing serves by it yet, and the first of them says so.

import { accessSync, constants } from 'node:fs'
import { callFailedText } from '../../base/system-error.ts'
import type { Template } from '../../model/template.ts'
import { TLS_VERSIONS, type TlsVersion } from '../../model/tls.ts'
import { nearest } from '../suggest.ts'
import { type DirectiveRow, type LevelScope, MANY } from './directive-row.ts'
import { type LevelOptions, levelRow, oneOf } from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { LevelValues } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

/** Where a side of TLS is not served, in the words of its notice. */
export const TLS_SIDES = {
  clients: 'TLS and HTTP/2 towards clients are not served yet',
  peers: 'TLS towards peers is not spoken yet',
} as const
export type TlsSide = keyof typeof TLS_SIDES

type Apply = (directive: Directive, scope: LevelScope, reading: Reading) => void

/** A row that is read, and has no effect yet. */
export function keptRow(
  name: string,
  side: TlsSide,
  options: LevelOptions,
  apply: Apply,
): DirectiveRow {
  const doc = `${options.doc}; kept: ${TLS_SIDES[side]}`
  const row = levelRow(name, { ...options, doc }, (directive, scope, reading) => {
    apply(directive, scope, reading)
    const text = `"${name}" has no effect yet: ${TLS_SIDES[side]}`
    reading.noticeOnce(`tls ${side}`, text, directiveOrigin(directive))
  })
  return { ...row, effect: 'none' }
}

/** A row of one value; null means that the mistake was reported. */
export function keptValue<K extends keyof LevelValues>(
  name: string,
  side: TlsSide,
  key: K,
  options: LevelOptions,
  parse: (word: Word, directive: Directive, reading: Reading) => LevelValues[K] | null,
): DirectiveRow {
  return keptRow(name, side, options, (directive, scope, reading) => {
    const value = parse(directive.args[0]!, directive, reading)
    if (value !== null) scope.level.set(key, value, statementOrigin(directive))
  })
}

/** A row of protocol versions. */
export function versionsRow(
  name: string,
  side: TlsSide,
  key: 'tls.versions' | 'peerTls.versions',
  options: LevelOptions,
): DirectiveRow {
  const syntax = `${TLS_VERSIONS.join(' | ')} …`
  const shape = { args: [1, MANY], isRepeatable: true, syntax, ...options } as const
  return keptRow(name, side, shape, (directive, { level }, reading) => {
    const found = new Set<TlsVersion>(level.values[key] ?? [])
    for (const word of directive.args) {
      const version = TLS_VERSIONS.find(known => known.toLowerCase() === word.text.toLowerCase())
      if (version === undefined) {
        const meant = nearest(word.text, TLS_VERSIONS)
        const hint = meant === null ? `write ${oneOf(TLS_VERSIONS)}` : `did you mean "${meant}"?`
        reading.refuse(word, `invalid value "${word.text}"`, hint)
      } else if (found.has(version)) {
        reading.diagnostics.warning(`duplicate value "${word.text}"`, wordOrigin(word))
      } else {
        found.add(version)
      }
    }
    const inOrder = TLS_VERSIONS.filter(version => found.has(version))
    level.set(key, inOrder, statementOrigin(directive))
  })
}

/** A file beside the configuration, or text and engines as they are. */
export function readFileTemplate(word: Word, _directive: Directive, reading: Reading): Template {
  const written = parseTemplate(word, reading)
  const [first, ...rest] = written
  if (typeof first !== 'string' || /^(?:data|engine|store):/.test(first)) return written
  return [reading.besideMain(first), ...rest]
}

/** A file that nginx opens when it needs it. */
export function readFileName(word: Word, _directive: Directive, reading: Reading): string {
  return word.text === '' ? '' : reading.besideMain(word.text)
}

/** A file that nginx opens in any case: null where it cannot be. */
export function readOpenFile(word: Word, _directive: Directive, reading: Reading): string | null {
  const path = reading.besideMain(word.text)
  try {
    accessSync(path, constants.R_OK)
    return path
  } catch (error) {
    reading.refuse(word, callFailedText('open', `"${path}"`, error))
    return null
  }
}
