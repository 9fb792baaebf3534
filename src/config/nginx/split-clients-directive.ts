// The lines of a `split_clients` block: a percentage with at most two decimals, or `*` for the rest, and
// what the clients in it get (http://nginx.org/en/docs/http/ngx_http_split_clients_module.html).

import {
  type SplitDefinition,
  type SplitPart,
  WHOLE_SHARE,
} from '../../model/variable-definitions.ts'
import { refuseBlock, refuseCount } from './map-directive.ts'
import type { Reading } from './reading.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'

/** Reads a `split_clients` block; mistakes are reported and left out. */
export function readSplit(directive: Directive, name: string, reading: Reading): SplitDefinition {
  const source = parseTemplate(directive.args[0]!, reading)
  const parts: SplitPart[] = []
  let total = 0
  for (const line of directive.block!) {
    const part = readPart(line, reading)
    if (part === null) continue
    parts.push(part)
    // Nothing may follow the rest.
    total = part.share === null ? WHOLE_SHARE : total + part.share
    if (total <= WHOLE_SHARE) continue
    reading.refuse(line.name, 'percent total is greater than 100%', 'the rest is written as "*"')
    total = 0
  }
  return { kind: 'split', origin: statementOrigin(directive), name, source, parts }
}

function readPart(line: Directive, reading: Reading): SplitPart | null {
  if (refuseBlock(line, reading)) return null
  const [value, second] = line.args
  if (value === undefined || second !== undefined) {
    refuseCount(line, 'split_clients', reading)
    return null
  }
  const { text } = line.name
  if (text === '*') return { share: null, value: value.text }
  const share = parseShare(text)
  if (share !== null) return { share, value: value.text }
  const hint = 'write such as 0.5% with at most two decimals, or * for the rest'
  reading.refuse(line.name, `invalid percent value "${text}"`, hint)
  return null
}

/** Hundredths of a percent; null for what is no percentage, or none of anything. */
function parseShare(text: string): number | null {
  const match = /^(\d+)(?:\.(\d{0,2}))?%$/.exec(text)
  if (match === null) return null
  const share = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
  return share === 0 || !Number.isSafeInteger(share) ? null : share
}
