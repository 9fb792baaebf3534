// The text of a scalar as it was written: YAML makes 1.1 of `1.10` and a boolean of `true`, and to
// us both may be words.

import { isScalar, type Node, type Scalar } from 'yaml'

/**
 * The text of a scalar as it was written (`1.0` stays `1.0`); null for nothing, lists and mappings.
 */
export function scalarText(node: Node): string | null {
  if (!isScalar(node)) return null
  const { value, source } = node as Scalar
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  return source ?? String(value)
}
