// One response on its way to the disk: decides at its end whether it is kept. Everything that speaks against that, from a
// body of another length than announced to a purge in between, costs the entry and never the answer.

import type { EntryMeta } from '../entry.ts'
import type { EntryWriter } from './cache-store.ts'
import { encodeHead, fileBytesOf, fitsMeta } from './entry-file.ts'
import type { GrowingBody } from './growing-body.ts'
import type { NewFile } from './new-file.ts'
import type { StoredEntry } from './stored-entry.ts'

/** What the store does for a writer. */
export interface WriterOwner {
  /** Whether the entry may still be stored. */
  isWanted(): boolean
  /** The body is whole. */
  onWhole(entry: StoredEntry): void
  /** After `onWhole`: the entry is stored, or never will be. */
  onSettled(entry: StoredEntry): void
  /** The file is about to be put in its place. */
  onPublish(): void
  /** The file is in its place. @returns false when it has to go again */
  admit(entry: StoredEntry, fileBytes: number, whole: Buffer | null): boolean
  /** The file is complete and cannot be put in its place. */
  onFailed(error: Error, path: string): void
  /** Removes what `admit` refused. */
  withdraw(): void
}

export interface WriterFacts {
  readonly metaCapacity: number
  /** Expected of the body; -1 = not known. */
  readonly bytes: number
  /** Largest body that is kept. */
  readonly bytesMax: number
  /** Largest body that `admit` wants to have in memory. */
  readonly memoryMax: number
}

export class DiskWriter implements EntryWriter {
  readonly entry: StoredEntry
  readonly #body: GrowingBody
  readonly #file: NewFile
  readonly #facts: WriterFacts
  readonly #owner: WriterOwner
  #isKept = true

  constructor(
    entry: StoredEntry,
    body: GrowingBody,
    file: NewFile,
    facts: WriterFacts,
    owner: WriterOwner,
  ) {
    this.entry = entry
    this.#body = body
    this.#file = file
    this.#facts = facts
    this.#owner = owner
  }

  get onReady(): (() => void) | null {
    return this.#body.onReady
  }

  set onReady(onReady: (() => void) | null) {
    this.#body.onReady = onReady
  }

  get isStuck(): boolean {
    return this.#body.isStuck
  }

  append(bytes: Buffer, from: number, to: number): boolean {
    if (this.#body.length + to - from > this.#facts.bytesMax) this.forget()
    return this.#body.append(bytes, from, to)
  }

  end(trailers: string, onStored: (isStored: boolean) => void): void {
    const body = this.#body
    const { bytes, metaCapacity } = this.#facts
    if (body.length < bytes) {
      body.abort('the body is shorter than announced')
      queueMicrotask(() => onStored(false))
      return
    }
    const meta = completeMeta(this.entry.meta, trailers, body.length)
    const fits = meta !== null && fitsMeta(meta, metaCapacity)
    const isRight = bytes === -1 || body.length === bytes
    if (!this.#isKept || !fits || !isRight || !this.#owner.isWanted()) {
      body.end()
      queueMicrotask(() => onStored(false))
      return
    }
    this.entry.meta = meta
    const { hex, id } = this.entry.place
    const makeHead = () => encodeHead(meta, { metaCapacity, bodyBytes: body.length, hex, id }, true)
    const onSettled = (isStored: boolean) => {
      this.#owner.onSettled(this.entry)
      onStored(isStored)
    }
    this.#owner.onWhole(this.entry)
    body.finish(makeHead, error => {
      if (error === null) this.#publish(onSettled)
      else onSettled(false)
    })
  }

  abort(detail: string): void {
    this.#isKept = false
    this.#body.abort(detail)
  }

  forget(): void {
    this.#isKept = false
    this.#body.forget()
  }

  #publish(onStored: (isStored: boolean) => void): void {
    // Taken now: it is freed once the last reader has gone.
    const isSmall = this.#body.length <= this.#facts.memoryMax
    const whole = isSmall ? this.#body.whole() : null
    const fileBytes = fileBytesOf(this.#facts.metaCapacity, this.#body.length)
    if (!this.#owner.isWanted()) {
      this.#file.discard()
      onStored(false)
      return
    }
    this.#owner.onPublish()
    this.#file.publish(error => {
      if (error !== null) {
        this.#owner.onFailed(error, this.#file.path)
        this.#file.discard()
        onStored(false)
        return
      }
      const isStored = this.#owner.admit(this.entry, fileBytes, whole)
      if (!isStored) this.#owner.withdraw()
      onStored(isStored)
    })
  }
}

/** The meta of what came; null when that is not what was announced. */
function completeMeta(meta: EntryMeta, trailers: string, length: number): EntryMeta | null {
  if (meta.parts === null) return { ...meta, trailers, length }
  let bytes = 0
  for (const { start, end } of meta.parts) bytes += end - start
  return bytes === length ? { ...meta, trailers } : null
}
