// Values as YAML and JSON know them: what the writer prints, what the JSON Schema is made of, and
// what parts of the model are compared as.

/** Anything that JSON can say. */
export type Plain = string | number | boolean | null | PlainList | PlainMap
export type PlainList = readonly Plain[]
export interface PlainMap {
  readonly [key: string]: Plain
}

/** Tells whether two plain values say the same; the order of keys does not count. */
export function isSamePlain(a: Plain, b: Plain): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (isList(a) || isList(b)) {
    if (!isList(a) || !isList(b) || a.length !== b.length) return false
    return a.every((item, index) => isSamePlain(item, b[index]!))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(key => Object.hasOwn(b, key) && isSamePlain(a[key]!, b[key]!))
}

/** Narrows to a list; `Array.isArray` does not do it for read-only ones. */
export function isList(value: Plain): value is PlainList {
  return Array.isArray(value)
}
