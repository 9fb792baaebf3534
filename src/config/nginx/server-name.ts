// `server_name`: exact names, wildcards at either end, `.example.com`, regexes. A wildcard elsewhere is
// refused: nginx takes it as long as no second name is there to be compared with.

import type { ServerName } from '../../model/route.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import type { ServerScope } from './scope.ts'
import type { Directive } from './tree.ts'

/** Reads one `server_name` line; several add up. */
export function readServerNames(directive: Directive, scope: ServerScope, reading: Reading): void {
  for (const word of directive.args) {
    const text = word.text === '$hostname' ? reading.options.hostname : word.text
    const name = serverName(word, text, reading)
    if (name === null) continue
    scope.names.push(name)
    scope.name ??= shownName(text)
  }
}

/** `$server_name`: the first name in lower case, without a leading dot. */
function shownName(text: string): string {
  if (text.startsWith('~')) return text
  const name = text.toLowerCase()
  return name.startsWith('.') ? name.slice(1) : name
}

function serverName(word: Word, text: string, reading: Reading): ServerName | null {
  if (text.startsWith('~')) {
    if (text === '~') {
      reading.refuse(word, 'empty regex in server name "~"')
      return null
    }
    // Hosts are compared in lower case, so a regex never minds case.
    const regex = readRegex(word, 1, true, reading, { isOneLine: true })
    return regex === null
      ? null
      : { kind: 'regex', pattern: regex.pattern, isCaseInsensitive: regex.isCaseInsensitive }
  }
  if (text.includes('/')) {
    const message = `server name "${text}" has suspicious symbols`
    reading.diagnostics.warning(message, wordOrigin(word), 'a name has neither scheme nor path')
  }
  const name = text.toLowerCase()
  const stars = name.split('*').length - 1
  if (stars === 0 && !name.startsWith('.')) return { kind: 'exact', name }
  if (stars === 0 && name.length > 1) return { kind: 'suffix', name, isApexToo: true }
  if (stars === 1 && name.startsWith('*.') && name.length > 2) {
    return { kind: 'suffix', name: name.slice(1), isApexToo: false }
  }
  if (stars === 1 && name.endsWith('.*') && name.length > 2) {
    return { kind: 'prefix', name: name.slice(0, -1) }
  }
  const hint = 'a "*" stands for whole labels at one end: *.example.com or www.example.*'
  const more = name === '*' ? 'for every other name use "listen … default_server"' : hint
  reading.refuse(word, `invalid server name or wildcard "${text}"`, more)
  return null
}
