// An entry that a worker has in hand: meta and head as they were read, and a body that lies in memory, in an open file, or
// still grows. The body is counted as it lies in the file; which bytes of the representation these are, the meta says.

import type { BodySource } from '../../base/body-source.ts'
import type { Digest } from '../../base/digest.ts'
import { fail } from '../../base/failure.ts'
import { parseResponseHead, ResponseHead } from '../../http/response-parser.ts'
import type { CacheEntry, EntryMeta } from '../entry.ts'

/** Where the bytes of an entry are. */
export interface EntryBody {
  /** All of it, latin-1; null where it is not small or not in memory. */
  readonly text: string | null
  /** Opens bytes [start, end) of the file's body. */
  open(start: number, end: number): BodySource
  hold(): void
  release(): void
}

/** By what the zone and the directory know an entry. */
export interface EntryPlace {
  readonly digest: Digest
  /** Of the digest: the file's name. */
  readonly hex: string
  /** `EntryHeader.id`. */
  readonly id: number
}

export class StoredEntry implements CacheEntry {
  meta: EntryMeta
  readonly head: ResponseHead
  readonly body: EntryBody
  readonly place: EntryPlace
  slot = -1
  version = -1
  /** Second in which the zone was last told that it is in use. */
  touchedAt = 0

  constructor(meta: EntryMeta, head: ResponseHead, body: EntryBody, place: EntryPlace) {
    this.meta = meta
    this.head = head
    this.body = body
    this.place = place
  }

  get text(): string | null {
    return this.meta.parts === null ? this.body.text : null
  }

  open(start: number, end: number): BodySource {
    const at = bodyOffsetOf(this.meta, start, end)
    return at === -1 ? new AbsentRange() : this.body.open(at, at + (end - start))
  }

  hold(): void {
    this.body.hold()
  }

  release(): void {
    this.body.release()
  }
}

const HEAD_BYTES_MAX = 16 * 1024 * 1024
const LIMITS = {
  lineBytesMax: HEAD_BYTES_MAX,
  headBytesMax: HEAD_BYTES_MAX,
  fieldsMax: 65_536,
  fieldLineBytesMax: HEAD_BYTES_MAX,
  allowUnderscores: true,
  ignoreInvalidFields: false,
}

/** Parses `EntryMeta.head`; null when it is no response head. */
export function parseStoredHead(text: string): ResponseHead | null {
  const bytes = Buffer.from(text, 'latin1')
  const head = new ResponseHead()
  return parseResponseHead(bytes, 0, bytes.length, head, 'GET', LIMITS) === null ? head : null
}

/** Place of byte `start` of the representation in the file's body; -1 when not all of [start, end) is there. */
function bodyOffsetOf(meta: EntryMeta, start: number, end: number): number {
  if (meta.parts === null) return start
  let offset = 0
  for (const part of meta.parts) {
    if (part.start <= start && end <= part.end) return offset + start - part.start
    offset += part.end - part.start
  }
  return -1
}

/** What somebody asked for without looking whether it is there. */
class AbsentRange implements BodySource {
  onReadable: (() => void) | null = null
  readonly failure = fail('internal', 'the range is not in the cache')

  read(): null {
    return null
  }

  close(): void {}
}
