// `fallback` of an upstream: what answers while no peer of it can. An address in one word, or a
// mapping with one of three keys: `address`, `page`, `status`.

import type { Fallback } from '../../model/upstream.ts'
import { PEER_ADDRESS, type WrittenAddress } from './addresses.ts'
import { type Kind, nullable } from './kind.ts'
import { SECONDS } from './measures.ts'
import { COMMAND, FILE_PATH } from './paths.ts'
import type { Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { type Origins, rowsOf } from './row.ts'
import { freeText, integer } from './words.ts'

/** The status of a page, and of nothing but a text. */
const STATUS = 503
/** Keys that each say what answers. */
const ANSWERS = ['address', 'page', 'status', 'text']

interface Draft {
  readonly address: WrittenAddress | null
  readonly page: string | null
  readonly status: number | null
  readonly text: string | null
  readonly retryAfter: number
  readonly command: string | null
  readonly place: Pick<Fallback, 'origin' | 'origins'> | null
}

const WANTED =
  'an address such as 127.0.0.1:8080, or a mapping such as { page: sorry.html, retry_after: 30s }'
const BLANK: Draft = {
  address: null,
  page: null,
  status: null,
  text: null,
  retryAfter: 0,
  command: null,
  place: null,
}
const fallbackRow = rowsOf<Draft>()

const DRAFT: Kind<Draft> = record<Draft>({
  label: 'address, mapping',
  wanted: WANTED,
  place: 'in "fallback"',
  rows: [
    fallbackRow('address', 'address', nullable(PEER_ADDRESS), {
      doc: 'Another address, which gets the requests with the same settings; never banned',
      nginx: 'fallback',
    }),
    fallbackRow('page', 'page', nullable(FILE_PATH), {
      doc: 'A file, read when the configuration is taken',
    }),
    fallbackRow('status', 'status', nullable(integer(200, 599, 'a status such as 503')), {
      doc: `Status of the page, or the answer itself; ${STATUS} where none is written`,
    }),
    fallbackRow('text', 'text', nullable(freeText('text', 'a text', true)), {
      doc: 'Text of the answer; without, the error page of the status',
    }),
    fallbackRow('retry_after', 'retryAfter', SECONDS, {
      doc: 'Retry-After of a page or a status; 0 sends none',
    }),
    fallbackRow('command', 'command', nullable(COMMAND), {
      doc:
        'A program that is run with `start` when the last peer goes down by its probes, and with ' +
        '`stop` when the first comes back; then the address of clients and `tcp`',
    }),
  ],
  blank: () => BLANK,
  short: {
    read: (node, reading) => {
      const address = PEER_ADDRESS.read(node, reading)
      const place = { origin: reading.origin(node) }
      return address === undefined ? undefined : { ...BLANK, address, place }
    },
    write: ({ address, retryAfter, command }) =>
      address === null || retryAfter > 0 || command !== null
        ? undefined
        : PEER_ADDRESS.write(address),
    schema: PEER_ADDRESS.schema(),
  },
  finish: checkDraft,
})

/** An address, or a mapping. */
export const FALLBACK: Kind<Fallback> = {
  ...DRAFT,
  read(node, reading) {
    const draft = DRAFT.read(node, reading)
    if (draft === undefined) return undefined
    const { address, page, status, text, retryAfter, command, place } = draft
    const answer: Fallback['answer'] =
      address !== null
        ? { kind: 'address', name: address.text, address: address.address }
        : page !== null
          ? { kind: 'page', path: page, status: status ?? STATUS }
          : { kind: 'status', status: status ?? STATUS, text: text ?? '' }
    return { ...place!, answer, retryAfterSeconds: retryAfter, command }
  },
  write({ answer, retryAfterSeconds, command }) {
    const draft = { ...BLANK, retryAfter: retryAfterSeconds, command }
    switch (answer.kind) {
      case 'address':
        return DRAFT.write({ ...draft, address: { text: answer.name, address: answer.address } })
      case 'page': {
        const status = answer.status === STATUS ? null : answer.status
        return DRAFT.write({ ...draft, page: answer.path, status })
      }
      case 'status': {
        const text = answer.text === '' ? null : answer.text
        return DRAFT.write({ ...draft, status: answer.status, text })
      }
    }
  },
}

function checkDraft(
  draft: Draft,
  node: YamlNode,
  reading: Reading,
  origins: Origins,
): Draft | undefined {
  const { address, page, status, text } = draft
  if (address === null && page === null && status === null && text === null) {
    // What was written and is wrong was said already.
    const entries = reading.entries(node)
    if (ANSWERS.some(key => entries?.has(key) === true)) return undefined
    return reading.error(node, 'A "fallback" wants an address, a page or a status')
  }
  const isTwice =
    (address !== null && (page !== null || status !== null || text !== null)) ||
    (page !== null && text !== null)
  if (isTwice) {
    return reading.error(node, 'A "fallback" is an address, or a page, or a status with a text')
  }
  const { retryAfter, address: at, page: file, status: code, ...rest } = origins
  const answer = at ?? file ?? code
  const named = {
    ...rest,
    ...(answer === undefined ? {} : { answer }),
    ...(retryAfter === undefined ? {} : { retryAfterSeconds: retryAfter }),
  }
  return { ...draft, place: { origin: reading.origin(node), origins: named } }
}
