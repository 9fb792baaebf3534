// Writes an entry of several runs of bytes: those that are stored already are copied from where they are, the new one comes
// from a peer. In their order, as they lie in the file.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, failureText } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import type { Segment } from '../cache/policy/combine.ts'
import type { EntryWriter } from '../cache/store/cache-store.ts'

/** Bytes of the peer that wait while stored ones are copied. */
const HELD_BYTES_MAX = 65_536

/** Opens bytes [start, end) of the representation elsewhere, where what is stored of them is damaged; null = it cannot. */
export type Mend = (damage: Failure, start: number, end: number) => BodySource | null

export class CombiningWriter implements EntryWriter {
  readonly entry: CacheEntry
  readonly #writer: EntryWriter
  readonly #base: CacheEntry | null
  readonly #segments: readonly Segment[]
  #index = 0
  readonly #mend: Mend
  #source: BodySource | null = null
  /** Of the stored run in hand: its next byte, and whether that comes from elsewhere. */
  #place = 0
  #isMended = false
  /** Of the new run, what came before its turn. */
  #held: Buffer[] = []
  #heldBytes = 0
  /** Bytes of the new run that are still to come. */
  #left: number
  #isNewEnded = false
  #finish: (() => void) | null = null
  #isOver = false
  onReady: (() => void) | null = null

  /** @param base held by the caller until the end */
  constructor(
    writer: EntryWriter,
    base: CacheEntry | null,
    segments: readonly Segment[],
    mend: Mend = () => null,
  ) {
    this.#mend = mend
    this.entry = writer.entry
    this.#writer = writer
    this.#base = base
    this.#segments = segments
    const own = segments.find(segment => segment.isNew)!
    this.#left = own.end - own.start
    writer.onReady = () => this.#goOn()
    this.#goOn()
  }

  get isStuck(): boolean {
    return this.#writer.isStuck
  }

  append(bytes: Buffer, from: number, to: number): boolean {
    if (this.#isOver) return true
    this.#left -= to - from
    if (this.#left < 0) {
      this.abort('more bytes than its Content-Range says')
      return true
    }
    if (this.#isNewTurn && this.#held.length === 0) return this.#writer.append(bytes, from, to)
    this.#held.push(Buffer.from(bytes.subarray(from, to)))
    this.#heldBytes += to - from
    return this.#heldBytes < HELD_BYTES_MAX
  }

  end(trailers: string, onStored: (isStored: boolean) => void): void {
    this.#isNewEnded = true
    if (this.#left !== 0) this.abort('fewer bytes than its Content-Range says')
    if (this.#isOver) {
      onStored(false)
      return
    }
    this.#finish = () => this.#writer.end(trailers, onStored)
    this.#goOn()
  }

  abort(detail: string): void {
    if (this.#isOver) return
    this.#stop()
    this.#writer.abort(detail)
    const { onReady } = this
    onReady?.()
  }

  forget(): void {
    this.#writer.forget()
  }

  get #isNewTurn(): boolean {
    return this.#segments[this.#index]?.isNew === true
  }

  #goOn(): void {
    while (!this.#isOver) {
      const segment = this.#segments[this.#index]
      if (segment === undefined) {
        const finish = this.#finish
        this.#stop()
        finish?.()
        return
      }
      if (segment.isNew ? !this.#writeHeld() : !this.#copy(segment)) return
      this.#index++
    }
  }

  /** Returns whether the new run is over. */
  #writeHeld(): boolean {
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    let isReady = true
    for (const piece of held) isReady = this.#writer.append(piece, 0, piece.length) && isReady
    if (this.#isNewEnded) return true
    if (isReady) this.onReady?.()
    return false
  }

  /** Returns whether the run is copied. */
  #copy(segment: Segment): boolean {
    if (this.#source === null) {
      this.#place = segment.start
      this.#isMended = false
      this.#take(this.#base!.open(segment.start, segment.end))
    }
    const source = this.#source!
    for (;;) {
      const bytes = source.read()
      if (bytes === 'wait') return false
      if (bytes === null) break
      this.#place += bytes.length
      if (!this.#writer.append(bytes, 0, bytes.length)) return false
    }
    const { failure } = source
    source.close()
    this.#source = null
    if (failure === null) return true
    const rest = this.#isMended ? null : this.#mend(failure, this.#place, segment.end)
    if (rest !== null) {
      this.#isMended = true
      this.#take(rest)
      return this.#copy(segment)
    }
    this.#finish = null
    this.abort(failureText(failure))
    return false
  }

  #take(source: BodySource): void {
    this.#source = source
    source.onReadable = () => this.#goOn()
  }

  #stop(): void {
    this.#isOver = true
    this.#source?.close()
    this.#source = null
    this.#held = []
  }
}
