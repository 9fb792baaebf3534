// The kinds of the keys of `variables`: texts, networks, regexes and shares, each with its value.

import {
  type MappedNetwork,
  type MappedRegex,
  type MappedText,
  type SplitPart,
  WHOLE_SHARE,
} from '../../model/variable-definitions.ts'
import { escapeText } from './interpolation.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { REGEX } from './match-kinds.ts'
import { NETWORK_WANTED, plainNetwork, plainNetworkOrRange } from './networks.ts'
import type { Plain } from './plain.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { isNothing, rowsOf } from './row.ts'
import { BOOLEAN, freeText, template } from './words.ts'

export const VALUE = template('text with variables, or ""', true)
const PLAIN_VALUE = freeText('text', 'a text, or ""', true)

/** Makes the kind of a mapping from texts to values, kept as a list. */
function pairs<T>(options: {
  readonly label: string
  readonly wanted: string
  readonly schema: () => Plain
  readonly make: (entry: Entry, node: YamlNode, reading: Reading) => T | undefined
  readonly print: (item: T) => readonly [key: string, value: Plain]
}): Kind<readonly T[]> {
  const { label, wanted, schema, make, print } = options
  return {
    label,
    wanted,
    schema: () => ({ type: 'object', additionalProperties: schema() }),
    read(node, reading) {
      const entries = reading.entries(node)
      if (entries === null) return reading.unwanted(node, wanted)
      const items: T[] = []
      for (const entry of entries.values()) {
        if (isNothing(entry, reading)) {
          reading.error(entry.key, `Nothing behind "${entry.name}": wants a text, or ""`)
          continue
        }
        const item = make(entry, entry.value!, reading)
        if (item !== undefined) items.push(item)
      }
      return items
    },
    write: items => Object.fromEntries(items.map(print)),
  }
}

export const TEXTS = pairs<MappedText>({
  label: 'mapping of texts',
  wanted: 'a mapping from text to value such as { "": close }',
  schema: () => VALUE.schema(),
  make: (entry, node, reading) => {
    const value = VALUE.read(node, reading)
    return value === undefined ? undefined : { text: lowerText(entry.name), value }
  },
  print: ({ text, value }) => [text, VALUE.write(value)],
})

export const NETWORKS = pairs<MappedNetwork>({
  label: 'mapping of networks',
  wanted: 'a mapping from network to value such as { 10.0.0.0/8: internal }',
  schema: () => PLAIN_VALUE.schema(),
  make: (entry, node, reading) => {
    const network = plainNetworkOrRange(entry.name)
    if (network === null) {
      return reading.error(entry.key, `Cannot use "${entry.name}": wants ${NETWORK_WANTED}`)
    }
    const value = PLAIN_VALUE.read(node, reading)
    return value === undefined ? undefined : { network, value }
  },
  print: ({ network, value }) => [network, PLAIN_VALUE.write(value)],
})

const regexRow = rowsOf<MappedRegex>()

export const REGEX_VALUE: Kind<MappedRegex> = record<MappedRegex>({
  label: '`{ match, value }`',
  wanted: 'a mapping such as { match: "^www[.](.+)$", value: $1 }',
  place: 'in a regex',
  rows: [
    regexRow('match', 'pattern', REGEX, {
      doc: "A regular expression in JavaScript's syntax",
      isRequired: true,
    }),
    regexRow('ignore_case', 'isCaseInsensitive', BOOLEAN, { doc: 'Without regard to case' }),
    regexRow('value', 'value', VALUE, { doc: 'What it stands for', isRequired: true }),
  ],
  blank: () => ({ pattern: '', isCaseInsensitive: false, value: [{ variable: '' }] }),
})

const SHARE: Kind<number | null> = nullable(
  wordKind<number>({
    label: 'percent',
    wanted: 'a percentage from 0.01 to 100 with at most two decimals',
    schema: { type: ['number', 'string'] },
    parse: text => {
      const match = /^(\d{1,3})(?:\.(\d{1,2}))?%?$/.exec(text)
      if (match === null) return null
      const share = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
      return share < 1 || share > WHOLE_SHARE ? null : share
    },
    print: share => share / 100,
  }) as Kind<number>,
)

const partRow = rowsOf<SplitPart>()

export const PART: Kind<SplitPart> = record<SplitPart>({
  label: '`{ percent, value }`',
  wanted: 'a mapping such as { percent: 0.5, value: beta }',
  place: 'in a part',
  rows: [
    partRow('percent', 'share', SHARE, { doc: 'Share of the clients; without, the rest of them' }),
    partRow('value', 'value', PLAIN_VALUE, { doc: 'What they get', isRequired: true }),
  ],
  blank: () => ({ share: null, value: '' }),
})

export const PROXY_NETWORK = wordKind<string>({
  label: 'network',
  wanted: NETWORK_WANTED,
  schema: { type: 'string' },
  parse: plainNetwork,
  print: escapeText,
})

function lowerText(text: string): string {
  return text.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase())
}
