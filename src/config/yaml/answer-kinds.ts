// What a server and a route may answer before anything else: `return` and `try_files`. Neither is
// inherited.

import type { Return, TryFiles } from '../../model/route.ts'
import { literalText, type Template } from '../../model/template.ts'
import { list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import type { Plain } from './plain.ts'
import type { Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { rowsOf } from './row.ts'
import { integer, template } from './words.ts'

/** Statuses whose text is the Location. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

interface ReturnDraft {
  readonly status: number | null
  readonly location: Template | null
  readonly body: Template | null
}
const returnRow = rowsOf<ReturnDraft>()
const WANTED =
  'a status such as 404, or a mapping such as { status: 301, location: https://example.com/ }'
const STATUS = integer(0, 999, WANTED)
const BLANK_RETURN: ReturnDraft = { status: null, location: null, body: null }

const RETURN_DRAFT: Kind<ReturnDraft> = record<ReturnDraft>({
  label: 'status, mapping',
  wanted: WANTED,
  place: 'in "return"',
  rows: [
    returnRow('status', 'status', nullable(STATUS), {
      doc:
        'Status; 302 where only `location` is written, and 444 closes the connection without ' +
        'an answer',
    }),
    returnRow(
      'location',
      'location',
      nullable(template('an URL or a path such as https://example.com$request_uri', true)),
      {
        doc: 'Where to; only with 301, 302, 303, 307 and 308',
      },
    ),
    returnRow('body', 'body', nullable(template('text', true)), {
      doc: 'Text of the answer; only with other statuses',
    }),
  ],
  blank: () => BLANK_RETURN,
  short: {
    read: (node, reading) => {
      const status = STATUS.read(node, reading)
      return status === undefined ? undefined : { ...BLANK_RETURN, status }
    },
    write: draft =>
      draft.location === null && draft.body === null && draft.status !== null
        ? draft.status
        : undefined,
    schema: STATUS.schema(),
  },
  finish: checkReturn,
})

/** `return`: an answer without asking anybody. */
export const RETURN: Kind<Return> = {
  ...RETURN_DRAFT,
  read(node, reading) {
    const draft = RETURN_DRAFT.read(node, reading)
    if (draft === undefined) return undefined
    const status = draft.status ?? 302
    return { origin: reading.origin(node), status, text: draft.location ?? draft.body }
  },
  write({ status, text }): Plain {
    const isRedirect = REDIRECTS.has(status)
    const location = isRedirect ? text : null
    return RETURN_DRAFT.write({ status, location, body: isRedirect ? null : text })
  },
}

function checkReturn(
  draft: ReturnDraft,
  node: YamlNode,
  reading: Reading,
): ReturnDraft | undefined {
  const { status, location, body } = draft
  const isRedirect = REDIRECTS.has(status ?? (location === null ? 0 : 302))
  if (status === null && location === null) {
    return reading.error(node, 'A "return" wants a status, or a location')
  }
  if (location !== null && !isRedirect) {
    const hint = 'a location goes with 301, 302, 303, 307 and 308; else write "body"'
    return reading.error(node, `Cannot use "location" with the status ${status}`, hint)
  }
  if (body !== null && isRedirect) {
    return reading.error(node, `Cannot use "body" with the status ${status}`, 'write "location"')
  }
  return draft
}

const FILE = template('a path such as $uri')
const FILES = list(FILE, { label: 'list of paths', countMin: 2 })

/** `try_files`: paths, and at the end what holds when none of them is there. */
export const TRY_FILES: Kind<TryFiles> = {
  label: 'list of paths',
  wanted: 'a list of paths and a fallback such as [$uri, $uri/, /index.html] or [$uri, =404]',
  schema: () => ({ type: 'array', items: { type: ['string', 'integer'] }, minItems: 2 }),
  read(node, reading) {
    if (reading.items(node) === null) return reading.unwanted(node, TRY_FILES.wanted)
    const paths = FILES.read(node, reading)
    const last = paths?.at(-1)
    if (paths === undefined || last === undefined) return undefined
    const status = /^=?([1-9][0-9]{2})$/.exec(literalText(last) ?? '')
    const fallback = status === null ? last : { status: Number(status[1]) }
    return { origin: reading.origin(node), paths: paths.slice(0, -1), fallback }
  },
  write({ paths, fallback }) {
    const last = 'status' in fallback ? `=${fallback.status}` : FILE.write(fallback)
    return [...paths.map(path => FILE.write(path)), last]
  },
}
