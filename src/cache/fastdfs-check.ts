// Holds a body against the name that it came for. A storage whose disk is broken, one that was
// restored halfway, or the stand-in picture for a wrong token, all answer 200: none of that may be
// stored under a FastDFS name.

import { crc32 } from 'node:zlib'
import { FIELD } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { type FastdfsName, isVerifiable, parseFastdfsName } from './fastdfs-name.ts'

export type FastdfsVerdict = 'ok' | 'size' | 'crc'

/** Counts and sums a body up while it goes by. */
export class FastdfsCheck {
  readonly name: FastdfsName
  #bytes = 0
  #sum = 0

  /** @param name one that `isVerifiable` */
  constructor(name: FastdfsName) {
    this.name = name
  }

  /**
   * Adds body bytes [from, to), borrowed until the call returns.
   *
   * @returns false once there are more than the name says: no later byte can mend that
   */
  add(bytes: Buffer, from: number, to: number): boolean {
    this.#bytes += to - from
    if (this.#bytes > this.name.size) return false
    this.#sum = crc32(bytes.subarray(from, to), this.#sum)
    return true
  }

  /** What came of it, asked at the body's end. */
  verdict(): FastdfsVerdict {
    if (this.#bytes !== this.name.size) return 'size'
    return this.#sum === this.name.crc32 ? 'ok' : 'crc'
  }
}

/**
 * Begins a check where there is something to check: a whole, unencoded body for a name that knows
 * it. Else null.
 *
 * Not for a cluster that keeps equal files once (`check_file_duplicate`): the names of its links
 * have a random number in place of the CRC.
 *
 * @param path of the request, decoded, without the query
 * @param method that the peer was asked with
 */
export function beginFastdfsCheck(
  path: string,
  method: string,
  head: ResponseHead,
): FastdfsCheck | null {
  if (head.status !== 200 || method === 'HEAD') return null
  if (head.fields.findId(FIELD.content_encoding) >= 0) return null
  return beginFor(path)
}

/** Whether a whole body for the path can be held against the name in it. */
export function hasVerifiableName(path: string): boolean {
  return beginFor(path) !== null
}

function beginFor(path: string): FastdfsCheck | null {
  const name = parseFastdfsName(path)
  return name === null || !isVerifiable(name) ? null : new FastdfsCheck(name)
}
