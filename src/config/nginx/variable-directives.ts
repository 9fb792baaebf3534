// Blocks of `http` that define variables: `map`, `geo`, `split_clients`. What they have in common is the
// name that they define, and that their lines are no directives.

import { VARIABLES } from '../../model/variables.ts'
import { type DirectiveRow, type RowOptions, scopeRow } from './directive-row.ts'
import { readGeo } from './geo-directive.ts'
import type { Word } from './lexer.ts'
import { readMap } from './map-directive.ts'
import type { Reading } from './reading.ts'
import { readSplit } from './split-clients-directive.ts'

const BLOCK = {
  within: ['http'],
  hasBlock: true,
  isRepeatable: true,
} as const satisfies Partial<RowOptions>

export const VARIABLE_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'map',
    {
      ...BLOCK,
      args: [2, 2],
      syntax:
        'string $variable { [hostnames;] [volatile;] [default value;] ' +
        'text | ~regex | ~*regex value; … include file; }',
      doc: 'a variable whose value belongs to another text; values may have variables and captures',
    },
    (directive, _scope, reading) =>
      define(directive.args[1]!, reading, name => readMap(directive, name, reading)),
  ),
  scopeRow(
    'geo',
    {
      ...BLOCK,
      args: [1, 2],
      syntax:
        '[$address] $variable { [ranges;] [proxy_recursive;] [volatile;] [default value;] ' +
        '[proxy network;] network | first-last value; … [delete network;] include file; }',
      doc: 'a variable whose value belongs to the smallest network that has the client’s address',
    },
    (directive, _scope, reading) =>
      define(directive.args.at(-1)!, reading, name => readGeo(directive, name, reading)),
  ),
  scopeRow(
    'split_clients',
    {
      ...BLOCK,
      args: [2, 2],
      syntax: 'string $variable { percent% value; … * value; }',
      doc: 'a variable that divides clients into shares by a hash of the text',
    },
    (directive, _scope, reading) =>
      define(directive.args[1]!, reading, name => readSplit(directive, name, reading)),
  ),
]

type Definition = Reading['variables'][number]

function define(word: Word, reading: Reading, read: (name: string) => Definition | null): void {
  const name = readName(word, reading)
  // The block is read all the same, for the mistakes in it.
  const definition = read(name ?? '')
  if (name === null) return
  reading.captures.add(name)
  if (definition === null) return
  // As in nginx the later one counts.
  const earlier = reading.variables.findIndex(variable => variable.name === name)
  if (earlier !== -1) reading.variables.splice(earlier, 1)
  reading.variables.push(definition)
}

/** Fields that have a variable of their own in nginx, not only one of a family. */
const FIXED_FIELDS =
  'http_host http_user_agent http_referer http_via http_x_forwarded_for http_cookie ' +
  'sent_http_content_type sent_http_content_length sent_http_location sent_http_last_modified ' +
  'sent_http_connection sent_http_keep_alive sent_http_transfer_encoding sent_http_cache_control ' +
  'sent_http_link'

const BUILT_IN: ReadonlySet<string> = new Set([
  ...VARIABLES.map(variable => variable.name),
  ...FIXED_FIELDS.split(' '),
])

/** Whether nginx has a variable of that very name, which no other may take. */
export function isFixedName(name: string): boolean {
  return BUILT_IN.has(name)
}

function readName(word: Word, reading: Reading): string | null {
  const name = word.text.slice(1).toLowerCase()
  if (!word.text.startsWith('$') || name === '') {
    reading.refuse(word, `invalid variable name "${word.text}"`, 'a name begins with "$"')
    return null
  }
  if (BUILT_IN.has(name)) {
    reading.refuse(word, `the duplicate "${name}" variable`, 'choose a name of your own')
    return null
  }
  return name
}
