// `keepalive` and its companions in `upstream`: the idle connections that each worker keeps to a
// group.

import type { DirectiveRow } from './directive-row.ts'
import { upstreamRow } from './directive-row.ts'
import { readCount, readTimeMs } from './level-rows.ts'
import type { Reading } from './reading.ts'
import type { UpstreamScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'

type Parse = (directive: Directive, reading: Reading) => number | null

const count: Parse = (directive, reading) => readCount(directive.args[0]!, directive, reading)
const time: Parse = (directive, reading) => readTimeMs(directive.args[0]!, directive, reading)

export const KEEPALIVE_DIRECTIVES: readonly DirectiveRow[] = [
  upstreamRow(
    'keepalive',
    {
      args: [1, 2],
      syntax: 'connections [local]',
      doc:
        'idle connections that each worker keeps to the group; 0 is none. With `local` locations ' +
        'do not share them',
    },
    (directive, scope, reading) => {
      const local = directive.args[1]
      if (local !== undefined && local.text !== 'local') reading.refuseParameter(local, ['local'])
      scope.keepalive.isLocal = local !== undefined
      set(directive, scope, 'idleMax', count(directive, reading))
    },
  ),
  row('keepalive_requests', 'number', 'requests that one connection to a peer may carry', {
    key: 'requestsMax',
    parse: count,
  }),
  row('keepalive_time', 'time', 'age at which a connection to a peer closes after its response', {
    key: 'ageMaxMs',
    parse: time,
  }),
  row('keepalive_timeout', 'time', 'how long an idle connection to a peer stays', {
    key: 'idleTimeoutMs',
    parse: time,
  }),
]

type Key = Exclude<keyof UpstreamScope['keepalive'], 'isLocal'>

function row(
  name: string,
  syntax: string,
  doc: string,
  { key, parse }: { readonly key: Key; readonly parse: Parse },
): DirectiveRow {
  return upstreamRow(name, { syntax, doc }, (directive, scope, reading) =>
    set(directive, scope, key, parse(directive, reading)),
  )
}

function set(directive: Directive, scope: UpstreamScope, key: Key, value: number | null): void {
  if (value === null) return
  scope.keepalive[key] = value
  scope.origins[key] = statementOrigin(directive)
}
