// Writing several buffers one behind the other, to the last byte: a disk that is nearly full takes a part of a write, and
// only the next one says why.

import type { FileCalls } from './file-calls.ts'

/** Writes all of the pieces, the first one at `position`. */
export function writePieces(
  files: FileCalls,
  fd: number,
  pieces: readonly Buffer[],
  position: number,
  onDone: (error: Error | null) => void,
): void {
  files.writev(fd, pieces, position, (error, count) => {
    if (error !== null) {
      onDone(error)
      return
    }
    const rest = withoutFirst(pieces, count)
    if (rest.length === 0) onDone(null)
    else if (count === 0) onDone(new Error('nothing was written'))
    else writePieces(files, fd, rest, position + count, onDone)
  })
}

function withoutFirst(pieces: readonly Buffer[], count: number): Buffer[] {
  const rest: Buffer[] = []
  let skip = count
  for (const piece of pieces) {
    if (skip < piece.length) rest.push(skip === 0 ? piece : piece.subarray(skip))
    skip = Math.max(0, skip - piece.length)
  }
  return rest
}
