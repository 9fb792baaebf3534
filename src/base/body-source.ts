// A body that is pulled piece by piece: a spooled body, a file, a made-up page. Pulling is what gives backpressure:
// nobody reads ahead of what the socket took.

import type { Failure } from './failure.ts'

/** Where the bytes of a body come from. */
export interface BodySource {
  /**
   * The next bytes, the caller's until it reads again; `'wait'` when there are none yet (then `onReadable` is called
   * once); null at the end, and also after a failure, which `failure` tells apart.
   */
  read(): Buffer | 'wait' | null
  /** Called after a `'wait'` when reading makes sense again. */
  onReadable: (() => void) | null
  /** Why the body broke off; null while all is well. */
  readonly failure: Failure | null
  /** Frees what the source holds; any time, also in the middle and more than once. Nothing is called after it. */
  close(): void
}
