// Lists and mappings of names: the kinds that are made of other kinds. Part of a list survives a
// mistake in another part.

import type { Kind, Shape } from './kind.ts'
import type { Plain, PlainMap } from './plain.ts'
import { isList } from './plain.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'

/** Makes the kind of lists of `item`. One value alone stands for a list of one. */
export function list<T>(item: Kind<T>, options: ListOptions = {}): Kind<readonly T[]> {
  const { countMin = 0, label = `list of ${item.label}`, isOneShort = true } = options
  return {
    label,
    wanted: isOneShort
      ? `${item.wanted}; or a list of them`
      : `a list; each member is ${item.wanted}`,
    schema: () => {
      const one = item.schema()
      const many = { type: 'array', items: one, ...(countMin > 0 ? { minItems: countMin } : {}) }
      return isOneShort ? { anyOf: [many, one] } : many
    },
    ...innerOf(item),
    read(node, reading) {
      const nodes = reading.items(node) ?? [node]
      if (nodes.length < countMin) {
        const count = nodes.length === 0 ? 'An empty list' : `A list of ${nodes.length}`
        return reading.error(
          node,
          `${count}: wants at least ${countMin}, and each is ${item.wanted}`,
        )
      }
      if (!reading.enter(node)) {
        reading.leave()
        return undefined
      }
      const values: T[] = []
      let isWhole = true
      for (const one of nodes) {
        const value = item.read(one, reading)
        if (value === undefined) isWhole = false
        else values.push(value)
      }
      reading.leave()
      // What is left of a list with a mistake in it is kept, so that the rest of the file is not
      // blamed for it.
      return isWhole || values.length > 0 ? values : undefined
    },
    write(values) {
      const plains = values.map(value => item.write(value))
      const [first] = plains
      return isOneShort && plains.length === 1 && isWord(first!) ? first! : plains
    },
  }
}

/** The same kind, which writes a list of one as what stands in it. */
export function unlisted<T>(item: Kind<T>, many: Kind<readonly T[]>): Kind<readonly T[]> {
  return {
    ...many,
    write(values) {
      const [first, second] = values
      return first !== undefined && second === undefined ? item.write(first) : many.write(values)
    },
  }
}

/** The keys of what a collection holds: the reference describes them under its name. */
export function innerOf({ rows, defaults }: Shape): Pick<Shape, 'rows' | 'defaults'> {
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(defaults === undefined ? {} : { defaults }),
  }
}

export interface ListOptions {
  readonly countMin?: number
  readonly label?: string
  /** One value may stand without its list. */
  readonly isOneShort?: boolean
}

/**
 * Makes the kind of a mapping from names to values that is merged into what holds already, name by
 * name: what is written replaces or is added, nothing behind the colon takes the name away. A list
 * of `{ name, … }` replaces the whole.
 */
export function mergedByName<T>(options: MergedByName<T>): Kind<readonly T[]> {
  const { value, full, nameOf, isSameName } = options
  const whole = list(full, { isOneShort: false })
  return {
    label: options.label,
    wanted: options.wanted,
    schema: () => ({
      anyOf: [
        { type: 'object', additionalProperties: { anyOf: [value.schema(), { type: 'null' }] } },
        whole.schema(),
      ],
    }),
    ...innerOf(full),
    read(node, reading, inherited = []) {
      if (reading.items(node) !== null) return whole.read(node, reading)
      const entries = reading.entries(node)
      if (entries === null) return reading.unwanted(node, options.wanted)
      let items = inherited
      for (const entry of entries.values()) {
        const others = items.filter(item => !isSameName(nameOf(item), entry.name))
        if (entry.value === null || reading.describe(entry.value) === 'nothing') {
          items = others
          continue
        }
        const problem = options.checkName(entry.name)
        if (problem !== '') {
          reading.error(entry.key, problem)
          continue
        }
        const item = options.readItem(entry, entry.value, reading)
        if (item !== undefined) items = put(items, others, item, nameOf, isSameName)
      }
      return items
    },
    write(items, inherited = []) {
      const map = mergeMap(items, inherited, options)
      // What a mapping cannot say (two of one name, another order) a list can.
      return map ?? whole.write(items)
    },
  }
}

export interface MergedByName<T> {
  readonly label: string
  readonly wanted: string
  /** The value behind a name. */
  readonly value: Shape
  /** One member of the list form. */
  readonly full: Kind<T>
  readonly nameOf: (item: T) => string
  readonly isSameName: (a: string, b: string) => boolean
  /** Empty, or what is wrong with a name. */
  readonly checkName: (name: string) => string
  readonly readItem: (entry: Entry, node: YamlNode, reading: Reading) => T | undefined
  readonly writeItem: (item: T) => Plain
}

/** Replaces the first of that name in its place, else adds at the end. */
function put<T>(
  items: readonly T[],
  others: readonly T[],
  item: T,
  nameOf: (item: T) => string,
  isSameName: (a: string, b: string) => boolean,
): T[] {
  const at = items.findIndex(existing => isSameName(nameOf(existing), nameOf(item)))
  return at === -1 ? [...others, item] : [...others.slice(0, at), item, ...others.slice(at)]
}

/** The shortest mapping that makes `items` of `inherited`; null when there is none. */
function mergeMap<T>(
  items: readonly T[],
  inherited: readonly T[],
  options: MergedByName<T>,
): PlainMap | null {
  const { nameOf, isSameName, writeItem } = options
  const map: Record<string, Plain> = {}
  let result = inherited
  const has = (list: readonly T[], name: string): boolean =>
    list.some(item => isSameName(nameOf(item), name))
  for (const item of inherited) {
    if (has(items, nameOf(item))) continue
    map[nameOf(item)] = null
    result = result.filter(other => !isSameName(nameOf(other), nameOf(item)))
  }
  for (const item of items) {
    const name = nameOf(item)
    const plain = writeItem(item)
    const before = result.find(other => nameOf(other) === name)
    if (before !== undefined && JSON.stringify(writeItem(before)) === JSON.stringify(plain))
      continue
    if (Object.hasOwn(map, name)) return null
    map[name] = plain
    const others = result.filter(other => !isSameName(nameOf(other), name))
    result = put(result, others, item, nameOf, isSameName)
  }
  const texts = (list: readonly T[]): string =>
    JSON.stringify(list.map(item => [nameOf(item), writeItem(item)]))
  return texts(result) === texts(items) ? map : null
}

function isWord(plain: Plain): boolean {
  return plain === null || (typeof plain !== 'object' && !isList(plain))
}
