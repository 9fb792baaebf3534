// The fields of a response that go on to the client, copied in runs as they were read.

import { FIELD, type FieldList, hashName, lookupFieldId } from '../http/field-list.ts'
import type { Extra } from './response-extras.ts'

const ALWAYS_DROPPED = [
  FIELD.content_length,
  FIELD.transfer_encoding,
  FIELD.connection,
  FIELD.keep_alive,
  FIELD.upgrade,
  FIELD.trailer,
]

/** By what stays behind, then by what is written anew. */
const shared = new WeakMap<readonly string[], Map<string, PassedFields>>()

/** Locations that hide the same list share what it comes to: a configuration may have very many of them. */
export function sharedPassedFields(
  hideFields: readonly string[],
  rewrites: readonly number[],
): PassedFields {
  let known = shared.get(hideFields)
  if (known === undefined) {
    known = new Map()
    shared.set(hideFields, known)
  }
  const key = rewrites.join()
  let fields = known.get(key)
  if (fields === undefined) {
    fields = new PassedFields(hideFields, rewrites)
    known.set(key, fields)
  }
  return fields
}

export class PassedFields {
  readonly #droppedIds = new Uint8Array(256)
  readonly #droppedNames = new Map<number, string>()

  /**
   * @param hideFields names that stay behind, lower case
   * @param rewrites numbers of those that are written anew
   */
  constructor(hideFields: readonly string[], rewrites: readonly number[]) {
    for (const id of ALWAYS_DROPPED) this.#droppedIds[id] = 1
    for (const name of hideFields) {
      const id = lookupFieldId(name)
      if (id === 0) this.#droppedNames.set(hashName(name), name)
      else this.#droppedIds[id] = 1
    }
    for (const id of rewrites) this.#droppedIds[id] = 1
  }

  /** Whether a known field stays behind. */
  drops(id: number): boolean {
    return this.#droppedIds[id] === 1
  }

  /** The lines of those that go on. */
  lines(fields: FieldList, extra: Extra | null): string {
    const { count, text } = fields
    let out = ''
    let runStart = -1
    let runEnd = -1
    for (let i = 0; i < count; i++) {
      if (fields.isHidden(i) || this.#isDropped(fields, i, extra)) continue
      if (fields.isCanonical(i)) {
        const start = fields.lineStart(i)
        if (start !== runEnd) {
          if (runStart !== -1) out += text.slice(runStart, runEnd)
          runStart = start
        }
        runEnd = fields.lineEnd(i)
        continue
      }
      if (runStart !== -1) {
        out += text.slice(runStart, runEnd)
        runStart = -1
        runEnd = -1
      }
      out += `${fields.name(i)}: ${fields.value(i)}\r\n`
    }
    return runStart === -1 ? out : out + text.slice(runStart, runEnd)
  }

  #isDropped(fields: FieldList, index: number, extra: Extra | null): boolean {
    const id = fields.id(index)
    if (id !== 0) {
      if (extra !== null) {
        if (extra.replacesExpires && (id === FIELD.expires || id === FIELD.cache_control))
          return true
        if (id === FIELD.content_type && extra.dropsType) return true
        if (id === FIELD.accept_ranges && extra.dropsRanges) return true
        if (extra.hides.length > 0 && extra.hides.includes(fields.name(index).toLowerCase()))
          return true
        if (id === FIELD.etag && extra.replacesEtag) return true
        if (id === FIELD.last_modified && extra.replacesLastModified) return true
      }
      return this.#droppedIds[id] === 1
    }
    if (extra?.hides.includes(fields.name(index).toLowerCase()) === true) return true
    if (this.#droppedNames.size === 0) return false
    const name = this.#droppedNames.get(fields.hash(index))
    return name !== undefined && fields.name(index).toLowerCase() === name
  }
}
