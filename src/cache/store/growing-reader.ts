// Follows a body that is still coming, from any place in it: from memory where it is close behind, from the file where it is
// not. It waits for what has not come, and gets all that came before a body that broke off fails.

import type { BodySource } from '../../base/body-source.ts'
import { type Failure, fail } from '../../base/failure.ts'
import { BlockSource } from './block-source.ts'
import type { WindowBlock } from './body-window.ts'
import { BLOCK_BYTES } from './entry-file.ts'
import type { GrowingBody } from './growing-body.ts'

/** Made by `GrowingBody.open`. */
export class GrowingReader implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  /** Place in the body of the next byte that `read` gives. */
  position: number
  readonly #body: GrowingBody
  readonly #end: number
  /** The run of the file that is being read. */
  #run: BlockSource | null = null
  /** The block that the caller looks at. */
  #given: WindowBlock | null = null
  #isWaiting = false
  #isClosed = false

  constructor(body: GrowingBody, start: number, end: number) {
    this.#body = body
    this.position = start
    this.#end = end
    body.hold()
  }

  /** Place of the first byte that it will still want; Infinity = none. */
  get needsFrom(): number {
    return this.position < this.#end ? this.position : Number.POSITIVE_INFINITY
  }

  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    this.#takeBack()
    this.#body.onMoved()
    const fromFile = this.#run === null ? null : this.#readRun(this.#run)
    if (fromFile !== null) return fromFile
    if (this.failure !== null || this.position >= this.#end) return null
    const body = this.#body
    if (this.position >= body.length) return this.#atEnd()
    const block = body.blockAt(this.position)
    if (block !== null) return this.#give(block)
    if (this.position >= body.bodyBytes) {
      this.failure = fail('internal', 'the disk failed, and memory has not kept what was asked for')
      return null
    }
    this.#run = new BlockSource(body, this.position, Math.min(this.#end, body.bodyBytes))
    this.#run.onReadable = () => this.#wake()
    return this.#readRun(this.#run)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#run?.close()
    this.#run = null
    // What the caller has may be on its way to the socket still: that block stays lent.
    this.#given = null
    this.#body.leave(this)
  }

  /** For the body: it has grown, ended or broken off. */
  notify(): void {
    if (this.#run === null) this.#wake()
  }

  #wake(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }

  /** Null when the run is over. */
  #readRun(run: BlockSource): Buffer | 'wait' | null {
    const bytes = run.read()
    if (bytes === 'wait') {
      this.#isWaiting = true
      return 'wait'
    }
    if (bytes !== null) {
      this.position += bytes.length
      return bytes
    }
    this.failure = run.failure
    run.close()
    this.#run = null
    return null
  }

  #atEnd(): 'wait' | null {
    const { brokenBy, isEnded } = this.#body
    if (brokenBy !== null) this.failure = fail('truncated_response', brokenBy)
    if (brokenBy !== null || isEnded) return null
    this.#isWaiting = true
    return 'wait'
  }

  #give(block: WindowBlock): Buffer {
    const from = this.position % BLOCK_BYTES
    const to = Math.min(block.used, from + this.#end - this.position)
    this.position += to - from
    this.#given = block
    this.#body.lend(block)
    return block.bytes.subarray(from, to)
  }

  #takeBack(): void {
    const block = this.#given
    this.#given = null
    if (block !== null) this.#body.takeBack(block)
  }
}
