// `limit_req_zone` and `limit_conn_zone`: what requests and connections are counted by, and the memory for it. Parameters and
// messages are nginx's (http://nginx.org/en/docs/http/ngx_http_limit_req_module.html, ngx_http_limit_conn_module.html).

import { LIMIT_ZONE_BYTES_MIN, type LimitKind, type LimitZone } from '../../model/limit-settings.ts'
import type { Origin } from '../../model/origin.ts'
import { templateText } from '../../model/template.ts'
import { type DirectiveRow, scopeRow } from './directive-row.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { countHint, parseSize, sizeHint } from './values.ts'

const RATE = /^(\d+)(r\/s|r\/m)?$/
/** More in a second, or a minute, nobody can mean. */
const RATE_MAX = 1_000_000_000

export const LIMIT_ZONE_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'limit_req_zone',
    {
      within: ['http'],
      args: [3, 3],
      isRepeatable: true,
      syntax: 'key zone=name:size rate=rate',
      doc:
        'memory that all workers count requests in: by which key, ' +
        'and how many in a second (r/s) or minute (r/m)',
    },
    (directive, _scope, reading) => readZone(directive, 'requests', reading),
  ),
  scopeRow(
    'limit_conn_zone',
    {
      within: ['http'],
      args: [2, 2],
      isRepeatable: true,
      syntax: 'key zone=name:size',
      doc: 'memory that all workers count requests in hand in, and by which key',
    },
    (directive, _scope, reading) => readZone(directive, 'connections', reading),
  ),
]

function readZone(directive: Directive, kind: LimitKind, reading: Reading): void {
  const [keyWord, ...words] = directive.args
  const key = parseTemplate(keyWord!, reading)
  const origins: Record<string, Origin> = { key: wordOrigin(keyWord!) }
  let zone: Pick<LimitZone, 'name' | 'bytes'> | null = null
  // One request a second, where `zone=` was written twice in its place.
  let rate = kind === 'requests' ? 1000 : 0
  let isWhole = true
  for (const word of words) {
    if (word.text.startsWith('zone=')) {
      zone = readZoneSize(word, reading)
      origins.bytes = wordOrigin(word)
      isWhole &&= zone !== null
    } else if (kind === 'requests' && word.text.startsWith('rate=')) {
      const read = readRate(word, reading)
      rate = read ?? rate
      isWhole &&= read !== null
    } else {
      reading.refuseParameter(word, kind === 'requests' ? ['zone=', 'rate='] : ['zone='])
      isWhole = false
    }
  }
  if (!isWhole && zone === null) return
  const { text } = directive.name
  if (zone === null || zone.name === '') {
    const message = `"${text}" must have "zone" parameter`
    reading.diagnostics.error(message, statementOrigin(directive), 'write: zone=NAME:10m')
    return
  }
  const made: LimitZone = { origin: statementOrigin(directive), origins, kind, key, rate, ...zone }
  // With a mistake too: the lines that name it are not to blame.
  if (isFree(made, keyWord!, directive, reading)) reading.limitZones.push(made)
}

function readZoneSize(word: Word, reading: Reading): Pick<LimitZone, 'name' | 'bytes'> | null {
  const [name = '', size] = word.text.slice('zone='.length).split(/:(.*)/s)
  const bytes = size === undefined ? null : parseSize(size)
  if (bytes === null) {
    const hint = sizeHint(size ?? '', 'write a name and a size: zone=NAME:10m', '1024m')
    reading.refuse(word, `invalid zone size "${word.text}"`, hint)
    return null
  }
  if (bytes < LIMIT_ZONE_BYTES_MIN) {
    reading.refuse(word, `zone "${word.text}" is too small`, 'at least 32k')
    return null
  }
  return { name, bytes }
}

/** Thousandths of a request in a second. */
function readRate(word: Word, reading: Reading): number | null {
  const text = word.text.slice('rate='.length)
  const match = RATE.exec(text)
  const count = Number(match?.[1] ?? 0)
  if (match !== null && count > 0 && count <= RATE_MAX) {
    return Math.floor((count * 1000) / (match[2] === 'r/m' ? 60 : 1))
  }
  const wanted = 'write requests in a second or a minute: rate=10r/s, rate=30r/m'
  const hint = count > RATE_MAX ? countHint(match![1]!, wanted, RATE_MAX) : wanted
  reading.refuse(word, `invalid rate "${word.text}"`, hint)
  return null
}

/** A name stands for one piece of memory with one use. */
function isFree(zone: LimitZone, key: Word, directive: Directive, reading: Reading): boolean {
  const { name, bytes, kind } = zone
  const other = reading.limitZones.find(one => one.name === name)
  if (other === undefined) return true
  const { file, line } = other.origin
  const hint = `the first stands in ${file}:${line}`
  const word = directive.args.findLast(one => one.text.startsWith('zone=')) ?? key
  if (other.kind !== kind) {
    const problem = `the shared memory zone "${name}" is already declared for a different use`
    reading.refuse(word, problem, hint)
  } else if (other.bytes !== bytes) {
    const sizes = `conflicts with already declared size ${other.bytes}`
    reading.refuse(word, `the size ${bytes} of shared memory zone "${name}" ${sizes}`, hint)
  } else {
    const bound = `is already bound to key "${templateText(other.key)}"`
    const problem = `${directive.name.text} "${name}" ${bound}`
    reading.refuse(word, problem, hint)
  }
  return false
}
