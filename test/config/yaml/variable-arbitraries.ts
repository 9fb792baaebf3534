// Definitions of variables that nobody would write, for properties of the YAML writer.

import fc from 'fast-check'
import { BUILT_IN } from '../../../src/model/origin.ts'
import type { Template } from '../../../src/model/template.ts'
import {
  sortedTexts,
  type VariableDefinition,
  WHOLE_SHARE,
} from '../../../src/model/variable-definitions.ts'

const origin = BUILT_IN
const NETWORKS = [
  '10.0.0.0/8',
  '10.1.2.3',
  '10.1.2.4-10.1.2.9',
  '2001:db8::/32',
  '::1',
  '0.0.0.0/0',
  '::/0',
] as const

const name = fc.stringMatching(/^own_[a-z0-9]{1,4}$/)
const network = fc.constantFrom(...NETWORKS)

/** Lists of definitions with a name each; `template` may be empty, `text` too. */
export function makeDefinitions(
  template: fc.Arbitrary<Template>,
  text: fc.Arbitrary<string>,
): fc.Arbitrary<readonly VariableDefinition[]> {
  const source = template.filter(value => value.length > 0)
  const lower = text.map(value => value.replaceAll(/[A-Z]+/g, letters => letters.toLowerCase()))
  const map = fc.record({
    kind: fc.constant('map' as const),
    origin: fc.constant(origin),
    name,
    source,
    isByHostname: fc.boolean(),
    isVolatile: fc.boolean(),
    texts: fc
      .uniqueArray(fc.record({ text: lower, value: template }), {
        maxLength: 4,
        selector: entry => entry.text,
      })
      .map(sortedTexts),
    regexes: fc.array(
      fc.record({
        pattern: fc.constantFrom('^a(.*)$', '^(?<part>[0-9]+)'),
        isCaseInsensitive: fc.boolean(),
        value: template,
      }),
      { maxLength: 2 },
    ),
    default: template,
  })
  const geo = fc.record({
    kind: fc.constant('geo' as const),
    origin: fc.constant(origin),
    name,
    source: fc.constantFrom(null, 'arg_address', 'http_x_client'),
    isVolatile: fc.boolean(),
    networks: fc.uniqueArray(fc.record({ network, value: text }), {
      maxLength: 4,
      selector: entry => entry.network,
    }),
    proxies: fc.array(fc.constantFrom('10.0.0.0/8', '::1'), { maxLength: 2 }),
    isRecursive: fc.boolean(),
    default: text,
  })
  const split = fc.record({
    kind: fc.constant('split' as const),
    origin: fc.constant(origin),
    name,
    source,
    parts: fc
      .tuple(
        fc.array(fc.record({ share: fc.integer({ min: 1, max: WHOLE_SHARE / 4 }), value: text }), {
          maxLength: 4,
        }),
        fc.array(fc.record({ share: fc.constant(null), value: text }), { maxLength: 1 }),
      )
      .map(([shares, rest]) => [...shares, ...rest]),
  })
  return fc.uniqueArray(fc.oneof(map, geo, split), {
    maxLength: 3,
    selector: definition => definition.name,
  })
}
