// `limit_except`: what holds in a route for all methods but some: who may have it, where it is logged, and who answers.

import { LIMITABLE_METHODS, limitedMethods } from '../../model/access.ts'
import type { Location } from '../../model/route.ts'
import type { Settings } from '../../model/settings.ts'
import { ACCESS_ROWS } from './access-table.ts'
import { list } from './collections.ts'
import { liftSettings, proxyRow } from './level-rows.ts'
import { ACCESS_LOGS } from './logging-table.ts'
import { UNPLACED } from './record.ts'
import {
  isNothing,
  mappingShape,
  type Row,
  readRows,
  row,
  rowsOf,
  within,
  writeRows,
} from './row.ts'
import { choice } from './words.ts'

/** `location` is what answers when the method is none of these. */
interface LimitDraft {
  readonly methods: readonly string[]
  readonly location: Location
}

const METHODS = list(choice(LIMITABLE_METHODS), { label: 'list of methods', countMin: 1 })
const settings = rowsOf<Settings>()

const ROWS: readonly Row<LimitDraft>[] = [
  row<LimitDraft, readonly (typeof LIMITABLE_METHODS)[number][]>(
    'methods',
    'methods',
    METHODS,
    {
      get: ({ methods }) => LIMITABLE_METHODS.filter(method => isWritten(method, methods)),
      put: (draft, methods) => ({ ...draft, methods: limitedMethods(methods) }),
    },
    {
      doc: 'What the rest is not for; GET brings HEAD',
      nginx: 'limit_except',
      isRequired: true,
    },
  ),
  ...within<LimitDraft, 'location'>('location', [
    proxyRow<Location>(),
    ...liftSettings<Location>([
      ...within<Settings, 'access'>('access', ACCESS_ROWS),
      settings('access_log', 'accessLogs', ACCESS_LOGS, {
        doc: 'Where requests are logged',
        nginx: 'access_log',
      }),
    ]),
  ]),
]

function isWritten(method: string, methods: readonly string[]): boolean {
  return methods.includes(method) && (method !== 'HEAD' || !methods.includes('GET'))
}

const SHAPE = mappingShape(ROWS)

/** The row of a route; it comes after those that it inherits of. */
export const LIMIT_EXCEPT_ROW: Row<Location> = {
  name: 'limit_except',
  doc: 'Other rules, and perhaps another `proxy`, for all methods but some. Not inherited',
  nginx: 'limit_except',
  isRequired: false,
  shape: SHAPE,
  read(entry, reading, draft, origins) {
    if (isNothing(entry, reading)) {
      reading.error(entry.key, `Nothing behind "${entry.name}": wants ${SHAPE.wanted}`)
      return draft
    }
    const node = entry.value!
    const blank: LimitDraft = { methods: [], location: insideOf(draft) }
    const inner = {}
    const read = readRows(node, 'in "limit_except"', ROWS, reading, blank, inner)
    if (read === undefined || read.methods.length === 0) return draft
    origins.limitExcept = reading.origin(entry.key)
    const location = { ...read.location, origin: reading.origin(node) }
    return { ...draft, limitExcept: { methods: read.methods, location } }
  },
  write({ limitExcept, ...around }, _base, writing) {
    if (limitExcept === undefined) return undefined
    return writeRows(ROWS, limitExcept, { methods: [], location: insideOf(around) }, writing)
  },
  show: () => undefined,
  hoist: (_values, onto) => onto,
}

/** The location that stands inside another one, before anything of its own is said. */
function insideOf({ match, settings, action }: Location): Location {
  const origin = UNPLACED
  return { origin, match, settings, returns: null, action, isInternal: false, locations: [] }
}
